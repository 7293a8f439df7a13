/**
 * What a product's buffers are called, and where in them a network's part begins: WGSL that ends in ` + `, or nothing
 * where it is 0.
 */
export interface Buffers {
  readonly activations: string;
  readonly deltas: string;
  /** Of activations and deltas. */
  readonly valuesFrom: string;
  readonly parametersFrom: string;
}

/** Those of a step of one network. */
export const stepBuffers: Buffers = {
  activations: 'activations',
  deltas: 'deltas',
  valuesFrom: '',
  parametersFrom: '',
};
