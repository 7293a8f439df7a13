export interface WeightGradientArguments {
  readonly batchSize: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Activations of the previous layer, [batchSize, inputs]. */
  readonly a: ArrayLike<number>;
  /** Delta of this layer, [batchSize, outputs]. */
  readonly delta: ArrayLike<number>;
}

/**
 * Computes the gradient of the mean cost, the average over the mini-batch of each sample's gradient:
 *
 *     dW[j,i] = 1/B · Σₙ delta[n,j]·a[n,i]        db[j] = 1/B · Σₙ delta[n,j]
 *
 * @returns dW [outputs, inputs] and db [outputs]
 */
export function weightGradient(layer: WeightGradientArguments): {
  dW: Float64Array;
  db: Float64Array;
} {
  const { batchSize, inputs, outputs, a, delta } = layer;
  const dW = new Float64Array(outputs * inputs);
  const db = new Float64Array(outputs);
  for (let j = 0; j < outputs; j++) {
    for (let n = 0; n < batchSize; n++) {
      const share = delta[n * outputs + j]! / batchSize;
      db[j]! += share;
      for (let i = 0; i < inputs; i++) dW[j * inputs + i]! += share * a[n * inputs + i]!;
    }
  }
  return { dW, db };
}
