import type { Dataset } from '../data/dataset.ts';

/**
 * The features of some samples as network inputs: byte/255, in the order of `samples`.
 * @returns [samples.length, featureCount]
 */
export function featureValues(dataset: Dataset, samples: ArrayLike<number>): Float64Array {
  const { features, featureCount } = dataset;
  const values = new Float64Array(samples.length * featureCount);
  for (let n = 0; n < samples.length; n++) {
    const from = samples[n]! * featureCount;
    for (let i = 0; i < featureCount; i++) {
      values[n * featureCount + i] = features[from + i]! / 255;
    }
  }
  return values;
}

/** The labels of some samples, in the order of `samples`. */
export function labelsOf(dataset: Dataset, samples: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(samples, (sample) => dataset.labels[sample]!);
}
