import { activationFunction, type Activation } from '../network/activations.ts';

export interface HiddenDeltaArguments {
  readonly batchSize: number;
  /** Size of the layer whose delta is asked for. */
  readonly inputs: number;
  /** Size of the layer after it. */
  readonly outputs: number;
  /** Activation of the layer whose delta is asked for. */
  readonly activation: Activation;
  /** Delta of the layer after, [batchSize, outputs]. */
  readonly delta: ArrayLike<number>;
  /** Weights between the two, [outputs, inputs]. */
  readonly weights: ArrayLike<number>;
  /** What the slope is computed from: a or z of the layer asked for, as the activation's `slopeFrom` says, [batchSize, inputs]. */
  readonly source: ArrayLike<number>;
}

/**
 * One layer back: what all the neurons of the next layer wish of neuron i, added up, times its slope.
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
