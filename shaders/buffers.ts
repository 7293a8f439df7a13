/**
 * What a product's buffers are called, and where in them a network's part begins: WGSL that ends in ` + `, or nothing
 * where it is 0.
 */
export interface Buffers {
  readonly activations: string;
  readonly activationsFrom: string;
  readonly deltas: string;
  readonly deltasFrom: string;
  readonly parametersFrom: string;
}

/** Those of a step of one network. */
export const stepBuffers: Buffers = {
  activations: 'activations',
  activationsFrom: '',
  deltas: 'deltas',
  deltasFrom: '',
  parametersFrom: '',
};
