/** Arithmetic and memory traffic of one training step. They are the same on all backends. */
import { countParameters } from './parameters.ts';

/**
 * Floating-point operations of the matrix products of a step. A multiply-add counts as two. For each weight and sample,
 * there is one multiply-add in the forward pass, one in the weight gradient, and one in the delta of the previous
 * layer; the first layer needs no such delta. Biases, activations and the update are excluded; they are a few per cent
 * in the smallest networks.
 * @param layers layer sizes, input first
 */
export function stepFlop(layers: readonly number[], batchSize: number): number {
  const weights = layers.slice(1).map((outputs, l) => layers[l]! * outputs);
  const all = weights.reduce((sum, count) => sum + count, 0);
  const behindFirst = all - weights[0]!;
  return 2 * batchSize * (2 * all + behindFirst);
}

/**
 * The minimum number of bytes that a step moves. Samples, at one byte per feature, are read once forward and once for
 * the weight gradient. Every parameter and moment is read and written once. Every activation is written and read once.
 * @param momentCount float32 values that the optimizer keeps for each parameter: 0 for SGD, 1 with momentum, 2 for Adam
 */
export function stepBytes(layers: readonly number[], batchSize: number, momentCount = 0): number {
  const [features, ...neurons] = layers;
  const activations = batchSize * neurons.reduce((sum, size) => sum + size, 0);
  const parameters = countParameters(layers) * (1 + momentCount);
  return 2 * batchSize * features! + 4 * 2 * (parameters + activations);
}
