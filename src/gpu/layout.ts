/**
 * Layout of an engine's buffers. Every buffer is an array of vec4s (vec4f). Rows are padded with zeros to whole vec4s.
 * Weights are stored as [inputs, outputs], with the inputs padded too. Kernels keep the padding 0.
 *
 * The parameters of all layers are ranges of one buffer; a kernel binds the whole buffer or the range of one layer. A
 * layer is a matrix of 4·vec4s(inputs) + 1 rows: its weights, then its biases as the last row, which act as the weights
 * of an input that is always 1.
 */
import { vec4s } from '../../shaders/wgsl.ts';
import type { Network } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';

/** Bytes of a matrix of `rows` rows with `features` float32 each. */
export function matrixBytes(rows: number, features: number): number {
  return rows * vec4s(features) * 16;
}

/** A range in a buffer of vec4s. */
export interface Vec4Range {
  readonly offset: number;
  readonly length: number;
}

/** Ranges begin at multiples of this, because WebGPU requires binding offsets to be multiples of 256 bytes. */
const vec4Alignment = 256 / 16;

/**
 * Range of each layer in the buffer `parameters`, in vec4s. The moments of a layer have `momentCount` times its offset
 * and length in `moments`.
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

/** Packs weights [outputs, inputs] and biases into the rows of one layer in `parameters`. */
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

/** Interleaves the moments, one array each: vec4 i of every moment, then vec4 i + 1. */
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

/** Pads each row of `features` values to whole vec4s. */
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

/** Transposes weights [outputs, inputs] to [padded inputs, padded outputs]. */
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
 * Packs byte features into words of four, padding each sample to whole words.
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
