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
