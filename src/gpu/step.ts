/**
 * What one step does, as data: which kernels, in which order, over which buffers. Made from a network and a plan
 * without a device, so that it can be printed, tested and hashed.
 */
import { applyGradients } from '../../shaders/applyGradients.ts';
import { clipScale } from '../../shaders/clipScale.ts';
import { forward } from '../../shaders/forward.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { deferred } from '../../shaders/optimizer.ts';
import { outputDelta } from '../../shaders/outputDelta.ts';
import { score } from '../../shaders/score.ts';
import { sumSquares } from '../../shaders/sumSquares.ts';
import { update } from '../../shaders/update.ts';
import { slopeSource } from '../network/functions.ts';
import type { Network } from '../network/network.ts';
import type { Optimizer } from '../training/optimizers.ts';
import { matrixBytes, parameterRanges } from './layout.ts';
import type { Plan } from './plan.ts';

/** A kernel and the buffer, or range of one, that each of its bindings is bound to, by name. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly buffers: Readonly<Record<string, string>>;
}

export interface Step {
  readonly dispatches: readonly Dispatch[];
  /** Bytes of each buffer that the dispatches share among themselves, by name. */
  readonly buffers: ReadonlyMap<string, number>;
}

type Shape = Pick<Network, 'layers' | 'activation' | 'output' | 'cost'>;

/** The buffers of the data a step reads, which a `BatchSource` provides; `rates` only to train. */
export const sourceBuffers = [
  'samples',
  'labels',
  'order',
  'counter',
  'settings',
  'rates',
] as const;
const fromSource = Object.fromEntries(sourceBuffers.map((name) => [name, name]));

/**
 * One training step: forward through all layers, delta of the outputs, deltas of the hidden layers from last to
 * first, then the updates. Updates come after all deltas, which need the weights of before.
 * @param clipNorm keeps the gradient within this norm, which takes three kernels more
 */
export function trainingStep(
  network: Shape,
  plan: Plan,
  optimizer: Optimizer,
  clipNorm?: number,
): Step {
  const { layers, activation, output, cost } = network;
  const { batchSize, rows, workgroupSize } = plan;
  const last = layers.length - 2;
  const buffers = new Map<string, number>([['metrics', rows * 8]]);
  const dispatches = forwardDispatches(network, plan, buffers);

  for (let l = 0; l <= last; l++) buffers.set(`delta.${l}`, matrixBytes(rows, layers[l + 1]!));
  dispatches.push({
    kernel: outputDelta({ outputs: layers.at(-1)!, output, cost, batchSize, rows, workgroupSize }),
    buffers: {
      ...fromSource,
      z: `activations.${last}`,
      delta: `delta.${last}`,
      metrics: 'metrics',
    },
  });
  for (let l = last; l > 0; l--) {
    const stored = slopeSource(activation) === 'z' ? 'preactivations' : 'activations';
    dispatches.push({
      kernel: hiddenDelta({
        inputs: layers[l]!,
        outputs: layers[l + 1]!,
        activation,
        rows,
        tileRows: plan.layers[l]!.hiddenDelta.rows,
        workgroupSize,
      }),
      buffers: {
        nextDelta: `delta.${l}`,
        parameters: `parameters.${l}`,
        source: `${stored}.${l - 1}`,
        delta: `delta.${l - 1}`,
      },
    });
  }
  for (let l = last; l >= 0; l--) {
    dispatches.push({
      kernel: update({
        inputs: layers[l]!,
        outputs: layers[l + 1]!,
        source: l === 0 ? 'samples' : 'activations',
        batchSize,
        optimizer: clipNorm === undefined ? optimizer : deferred,
        layer: l,
        tileQuads: plan.layers[l]!.update.quads,
        workgroupSize,
      }),
      buffers: {
        ...fromSource,
        inputs: `activations.${l - 1}`,
        delta: `delta.${l}`,
        parameters: `parameters.${l}`,
        moments: `moments.${l}`,
        gradients: `gradients.${l}`,
      },
    });
  }
  if (clipNorm !== undefined) {
    dispatches.push(...clippedUpdate(network, plan, optimizer, clipNorm, buffers));
  }
  return { dispatches, buffers };
}

/** Sums made of the squares of gradients: enough to fill a GPU, few enough for one invocation to add up. */
const squareSums = 1024;

/** Where gradients are clipped: their norm, and the update of all layers at once. */
function clippedUpdate(
  network: Shape,
  { workgroupSize }: Plan,
  optimizer: Optimizer,
  clipNorm: number,
  buffers: Map<string, number>,
): Dispatch[] {
  const last = parameterRanges(network).at(-1)!;
  const length = last.offset + last.length;
  buffers.set('squares', 4 * squareSums).set('scale', 4);
  const shared = Object.fromEntries(
    ['gradients', 'squares', 'scale', 'parameters', 'moments'].map((name) => [name, name]),
  );
  return [
    sumSquares({ length, sums: squareSums, workgroupSize }),
    clipScale({ sums: squareSums, clipNorm }),
    applyGradients({ length, optimizer, workgroupSize }),
  ].map((kernel) => ({ kernel, buffers: { ...fromSource, ...shared } }));
}

/** One step through a dataset without learning: forward, then the score. */
export function evaluationStep(network: Shape, plan: Plan): Step {
  const { layers, output, cost } = network;
  const { batchSize, rows, workgroupSize } = plan;
  const outputs = layers.at(-1)!;
  const buffers = new Map<string, number>([
    ['outputs', matrixBytes(rows, outputs)],
    ['costs', rows * 4],
    ['confusion', outputs * outputs * 4],
  ]);
  const dispatches = forwardDispatches(network, plan, buffers);
  dispatches.push({
    kernel: score({ outputs, output, cost, batchSize, rows, workgroupSize }),
    buffers: {
      ...fromSource,
      z: `activations.${layers.length - 2}`,
      outputs: 'outputs',
      costs: 'costs',
      confusion: 'confusion',
    },
  });
  return { dispatches, buffers };
}

/** Forward through all layers; the last stays linear, since its pre-activations are what the cost is made from. */
function forwardDispatches(network: Shape, plan: Plan, buffers: Map<string, number>): Dispatch[] {
  const { layers, activation } = network;
  const { batchSize, rows, workgroupSize } = plan;
  return plan.layers.map(({ forward: tile }, l) => {
    const outputs = layers[l + 1]!;
    const isLast = l === plan.layers.length - 1;
    buffers.set(`activations.${l}`, matrixBytes(rows, outputs));
    if (!isLast && slopeSource(activation) === 'z') {
      buffers.set(`preactivations.${l}`, matrixBytes(rows, outputs));
    }
    return {
      kernel: forward({
        inputs: layers[l]!,
        outputs,
        activation: isLast ? 'linear' : activation,
        source: l === 0 ? 'samples' : 'activations',
        batchSize,
        rows,
        tileRows: tile.rows,
        tileQuads: tile.quads,
        workgroupSize,
      }),
      buffers: {
        ...fromSource,
        inputs: `activations.${l - 1}`,
        parameters: `parameters.${l}`,
        activations: `activations.${l}`,
        preactivations: `preactivations.${l}`,
      },
    };
  });
}
