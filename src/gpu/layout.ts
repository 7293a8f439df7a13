/**
 * How an engine's buffers are laid out: everything is an array of vec4s (vec4f), rows padded with zeros to whole
 * vec4s, weights stored [inputs, outputs] with the inputs padded too. Kernels keep the padding 0.
 *
 * All layers' parameters are ranges of one buffer, which a kernel binds whole or by the layer. A layer is a matrix
 * of 4·vec4s(inputs) + 1 rows: its weights, and its biases as the last row, the weights of an input that is always 1.
 */
import { vec4s } from '../../shaders/wgsl.ts';
import type { Network } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';

/** Bytes of `rows` rows of `features` float32 each. */
export function matrixBytes(rows: number, features: number): number {
  return rows * vec4s(features) * 16;
}

/** Where something stands in a buffer of vec4s. */
export interface Vec4Range {
  readonly offset: number;
  readonly length: number;
}

/** A range begins on a multiple of this, since WebGPU binds from multiples of 256 bytes on. */
const vec4Alignment = 256 / 16;

/**
 * Where each layer stands in the buffer `parameters`, in vec4s. Its moments stand in `moments` at `momentCount`
 * times the offset and length.
 */
export function parameterRanges({ layers }: Pick<Network, 'layers'>): readonly Vec4Range[] {
  let end = 0;
  return parameterLayout(layers).map(({ inputs, outputs }) => {
    const offset = Math.ceil(end / vec4Alignment) * vec4Alignment;
    const length = (4 * vec4s(inputs) + 1) * vec4s(outputs);
    end = offset + length;
    return { offset, length };
  });
}

/** Weights [outputs, inputs] and biases → one layer's rows of `parameters`. */
export function packLayer(
  weights: ArrayLike<number>,
  biases: ArrayLike<number>,
  inputs: number,
  outputs: number,
): Float32Array<ArrayBuffer> {
  const packed = packWeights(weights, inputs, outputs);
  const layer = new Float32Array(packed.length + 4 * vec4s(outputs));
  layer.set(packed);
  layer.set(biases, packed.length);
  return layer;
}

/** The inverse of {@link packLayer}. */
export function unpackLayer(
  layer: Float32Array,
  inputs: number,
  outputs: number,
): { readonly weights: Float32Array<ArrayBuffer>; readonly biases: Float32Array<ArrayBuffer> } {
  const biasAt = 16 * vec4s(inputs) * vec4s(outputs);
  return {
    weights: unpackWeights(layer, inputs, outputs),
    biases: layer.slice(biasAt, biasAt + outputs),
  };
}

/** One array a moment → the vec4s of all, side by side. */
export function packMoments(moments: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const packed = new Float32Array(moments.reduce((sum, { length }) => sum + length, 0));
  moments.forEach((values, k) => {
    for (let i = 0; i < values.length; i++) {
      packed[((i >> 2) * moments.length + k) * 4 + (i & 3)] = values[i]!;
    }
  });
  return packed;
}

/** The inverse of {@link packMoments}. */
export function unpackMoments(packed: Float32Array, count: number): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, k) =>
    Float32Array.from(
      { length: packed.length / count },
      (__, i) => packed[((i >> 2) * count + k) * 4 + (i & 3)]!,
    ),
  );
}

/** Rows of `features` values → rows of whole vec4s. */
export function packRows(
  values: ArrayLike<number>,
  rows: number,
  features: number,
): Float32Array<ArrayBuffer> {
  const stride = 4 * vec4s(features);
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
  const stride = 4 * vec4s(features);
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
  const stride = 4 * vec4s(outputs);
  const packed = new Float32Array(4 * vec4s(inputs) * stride);
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
  const stride = 4 * vec4s(outputs);
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
  const stride = 4 * vec4s(featureCount);
  if (stride === featureCount) {
    into.set(features.subarray(0, count * featureCount));
    return;
  }
  for (let n = 0; n < count; n++) {
    into.set(features.subarray(n * featureCount, (n + 1) * featureCount), n * stride);
  }
}
