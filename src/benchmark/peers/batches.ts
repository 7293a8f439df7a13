/** What the libraries have in common: mini-batches and parameters in the layout that they take. */
import type { Dataset } from '../../data/dataset.ts';
import type { Network } from '../../network/network.ts';
import { parameterLayout } from '../../network/parameters.ts';

export interface Batch {
  /** [batchSize, featureCount] */
  readonly features: Float32Array<ArrayBuffer>;
  /** [batchSize, classCount] */
  readonly oneHot: Float32Array<ArrayBuffer>;
}

/**
 * The whole mini-batches of a dataset: features as float32 from 0 to 1, labels as one-hot rows. They are made one at a time, so
 * that no more than one is in memory twice.
 */
export function* batchesOf(dataset: Dataset, batchSize: number): Generator<Batch> {
  const { sampleCount, featureCount, classCount } = dataset;
  for (let start = 0; start + batchSize <= sampleCount; start += batchSize) {
    const bytes = dataset.features.subarray(
      start * featureCount,
      (start + batchSize) * featureCount,
    );
    const oneHot = new Float32Array(batchSize * classCount);
    for (let n = 0; n < batchSize; n++) oneHot[n * classCount + dataset.labels[start + n]!] = 1;
    yield { features: Float32Array.from(bytes, (byte) => byte / 255), oneHot };
  }
}

/** Turns weights of [outputs, inputs], nudge's layout, into [inputs, outputs]. */
export function transposed(
  weights: Float32Array,
  outputs: number,
  inputs: number,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(weights.length);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) result[i * outputs + o] = weights[o * inputs + i]!;
  }
  return result;
}

export interface LayerTensors {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs] */
  readonly weights: Float32Array<ArrayBuffer>;
  /** [outputs] */
  readonly biases: Float32Array<ArrayBuffer>;
}

/** A network's parameters layer by layer, weights as [inputs, outputs]. */
export function layerTensors(network: Network): LayerTensors[] {
  return parameterLayout(network.layers).map(({ inputs, outputs, weightOffset, biasOffset }) => ({
    inputs,
    outputs,
    weights: transposed(network.parameters.subarray(weightOffset, biasOffset), outputs, inputs),
    biases: network.parameters.slice(biasOffset, biasOffset + outputs),
  }));
}

/** The form of a library in WebAssembly: 'SIMD, 2 threads'. */
export function wasmForm(simd: 'relaxed SIMD' | 'SIMD' | 'no SIMD', threads: number): string {
  return `${simd}, ${threads} thread${threads === 1 ? '' : 's'}`;
}
