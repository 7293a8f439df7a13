/** What one training step has to compute and to move on any backend: it follows from layer sizes and mini-batch alone. */
import { countParameters } from './parameters.ts';

/**
 * Floating-point operations of the matrix products of a step, two to a multiply-add: forward and weight gradient
 * take one for each weight and sample, and so does the delta of a layer's inputs, which the first layer has no use
 * for. Biases, functions and the update are left out; they are a few per cent of it in the smallest networks.
 * @param layers layer sizes, input first
 */
export function stepFlop(layers: readonly number[], batchSize: number): number {
  const weights = layers.slice(1).map((outputs, l) => layers[l]! * outputs);
  const all = weights.reduce((sum, count) => sum + count, 0);
  const behindFirst = all - weights[0]!;
  return 2 * batchSize * (2 * all + behindFirst);
}

/**
 * Bytes that a step has to move at least: the samples, a byte a feature, once forward and once for the weight
 * gradient; every parameter, and what the optimizer keeps for it, read and written once; every activation written
 * and read once.
 * @param momentCount float32 that the optimizer keeps for each parameter: 0 for SGD, 1 with momentum, 2 for Adam
 */
export function stepBytes(layers: readonly number[], batchSize: number, momentCount = 0): number {
  const [features, ...neurons] = layers;
  const activations = batchSize * neurons.reduce((sum, size) => sum + size, 0);
  const parameters = countParameters(layers) * (1 + momentCount);
  return 2 * batchSize * features! + 4 * 2 * (parameters + activations);
}
