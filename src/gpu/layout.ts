/**
 * How an engine's buffers are laid out: everything is an array of quads (vec4f), rows padded with zeros to whole
 * quads, weights stored [inputs, outputs] with the inputs padded too. Kernels keep the padding 0.
 */
import { quads } from '../../shaders/wgsl.ts';
import type { LayerParameters } from '../network/parameters.ts';

/** Bytes of `rows` rows of `features` float32 each. */
export function matrixBytes(rows: number, features: number): number {
  return rows * quads(features) * 16;
}

/** Bytes of a layer's weights. */
export function weightBytes({ inputs, outputs }: LayerParameters): number {
  return matrixBytes(4 * quads(inputs), outputs);
}

/** Rows of `features` values → rows of whole quads. */
export function packRows(
  values: ArrayLike<number>,
  rows: number,
  features: number,
): Float32Array<ArrayBuffer> {
  const stride = 4 * quads(features);
  const packed = new Float32Array(rows * stride);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < features; i++) packed[row * stride + i] = values[row * features + i]!;
  }
  return packed;
}

/** The inverse of {@link packRows}. */
export function unpackRows(
  packed: Float32Array,
  rows: number,
  features: number,
): Float32Array<ArrayBuffer> {
  const stride = 4 * quads(features);
  const values = new Float32Array(rows * features);
  for (let row = 0; row < rows; row++) {
    values.set(packed.subarray(row * stride, row * stride + features), row * features);
  }
  return values;
}

/** Weights [outputs, inputs] → [padded inputs, padded outputs]. */
export function packWeights(
  weights: ArrayLike<number>,
  inputs: number,
  outputs: number,
): Float32Array<ArrayBuffer> {
  const stride = 4 * quads(outputs);
  const packed = new Float32Array(4 * quads(inputs) * stride);
  for (let j = 0; j < outputs; j++) {
    for (let i = 0; i < inputs; i++) packed[i * stride + j] = weights[j * inputs + i]!;
  }
  return packed;
}

/** The inverse of {@link packWeights}. */
export function unpackWeights(
  packed: Float32Array,
  inputs: number,
  outputs: number,
): Float32Array<ArrayBuffer> {
  const stride = 4 * quads(outputs);
  const weights = new Float32Array(inputs * outputs);
  for (let j = 0; j < outputs; j++) {
    for (let i = 0; i < inputs; i++) weights[j * inputs + i] = packed[i * stride + j]!;
  }
  return weights;
}

/**
 * Samples of bytes → words of four features, each sample padded to whole words.
 * @param count samples to pack from `features`, [.., featureCount]
 */
export function packSamples(
  features: Uint8Array,
  count: number,
  featureCount: number,
  into: Uint8Array,
): void {
  const stride = 4 * quads(featureCount);
  if (stride === featureCount) {
    into.set(features.subarray(0, count * featureCount));
    return;
  }
  for (let n = 0; n < count; n++) {
    into.set(features.subarray(n * featureCount, (n + 1) * featureCount), n * stride);
  }
}
