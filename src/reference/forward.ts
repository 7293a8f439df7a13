import { activationFunction, type Activation } from '../network/activations.ts';

export interface ForwardArguments {
  readonly batchSize: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
  /** Activations of the previous layer, [batchSize, inputs]. */
  readonly a: ArrayLike<number>;
  /** [outputs, inputs] */
  readonly weights: ArrayLike<number>;
  /** [outputs] */
  readonly biases: ArrayLike<number>;
}

/**
 * Computes one layer forward, for every sample n and output j:
 *
 *     z[n,j] = b[j] + Σᵢ W[j,i]·a[n,i]        a'[n,j] = f(z[n,j])
 *
 * @returns z and a', each [batchSize, outputs]
 */
export function forward(layer: ForwardArguments): { z: Float64Array; a: Float64Array } {
  const { batchSize, inputs, outputs, activation, weights, biases } = layer;
  const { f } = activationFunction(activation);
  const z = new Float64Array(batchSize * outputs);
  const a = new Float64Array(batchSize * outputs);
  for (let n = 0; n < batchSize; n++) {
    for (let j = 0; j < outputs; j++) {
      let sum = biases[j]!;
      for (let i = 0; i < inputs; i++) sum += weights[j * inputs + i]! * layer.a[n * inputs + i]!;
      z[n * outputs + j] = sum;
      a[n * outputs + j] = f(sum);
    }
  }
  return { z, a };
}
