import type { Activation } from '../src/network/activations.ts';
import type { Network } from '../src/network/network.ts';

/** A layer, and where its data begin in the buffers of a step, in vec4f. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** `linear` for the last layer, whose pre-activations the output delta needs. */
  readonly activation: Activation;
  /** Its inputs in `activations`; undefined for the first layer, whose inputs are the bytes of the dataset. */
  readonly inputAt: number | undefined;
  /** Its outputs a in `activations`, and z for activations whose slope is computed from z. */
  readonly outputAt: number;
  readonly preactivationAt: number;
  /** Its delta in `deltas`. */
  readonly deltaAt: number;
  /** Its parameters in `parameters` and `gradients`; the place of its moments follows from it. */
  readonly parametersAt: number;
}

/** How costs and the delta of the outputs are computed. */
export type OutputFunctions = Pick<Network, 'output' | 'cost'>;

/** All layers of a network, the first layer first. */
export interface StepLayers extends OutputFunctions {
  readonly layers: readonly Layer[];
  /** Lengths of the buffers `activations` and `deltas`. */
  readonly activationVec4s: number;
  readonly deltaVec4s: number;
}

/**
 * Names of a product's buffers, and where a network's part of them begins: WGSL that ends in ` + `, or an empty string
 * for 0.
 */
export interface Buffers {
  readonly activations: string;
  readonly activationsFrom: string;
  readonly deltas: string;
  readonly deltasFrom: string;
  readonly parametersFrom: string;
}

/** Buffers for a step of one network. */
export const stepBuffers: Buffers = {
  activations: 'activations',
  activationsFrom: '',
  deltas: 'deltas',
  deltasFrom: '',
  parametersFrom: '',
};
