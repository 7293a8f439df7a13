import { activationFunction, type Activation } from '../network/activations.ts';

export interface HiddenDeltaArguments {
  readonly batchSize: number;
  /** Size of the layer whose delta is computed. */
  readonly inputs: number;
  /** Size of the next layer. */
  readonly outputs: number;
  /** Activation of the layer whose delta is computed. */
  readonly activation: Activation;
  /** Delta of the next layer, [batchSize, outputs]. */
  readonly delta: ArrayLike<number>;
  /** Weights between the two, [outputs, inputs]. */
  readonly weights: ArrayLike<number>;
  /**
   * The values that the slope is computed from: a or z of this layer, depending on `slopeFrom`, [batchSize, inputs].
   */
  readonly source: ArrayLike<number>;
}

/**
 * Backpropagates one layer: the sum over the neurons of the next layer, times the slope of neuron i.
 *
 *     delta[n,i] = (Σⱼ W[j,i]·delta'[n,j]) · f′(z[n,i])
 *
 * @returns delta, [batchSize, inputs]
 */
export function hiddenDelta(layer: HiddenDeltaArguments): Float64Array {
  const { batchSize, inputs, outputs, activation, weights, source } = layer;
  const { slope } = activationFunction(activation);
  const delta = new Float64Array(batchSize * inputs);
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let j = 0; j < outputs; j++) {
        sum += weights[j * inputs + i]! * layer.delta[n * outputs + j]!;
      }
      delta[n * inputs + i] = sum * slope(source[n * inputs + i]!);
    }
  }
  return delta;
}
