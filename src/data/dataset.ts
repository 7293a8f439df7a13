import { ConfigurationError } from '../errors.ts';

/**
 * What a network learns from: samples of bytes with a label each. A feature's value is byte/255.
 * Bytes rather than floats, because a GPU then holds and reads a quarter as much.
 */
export interface Dataset {
  /** What it is, for reports: 'mnist training set', 'digits (seed 1)'. */
  readonly name: string;
  readonly sampleCount: number;
  /** Features a sample, 784 for a 28×28 image. */
  readonly featureCount: number;
  /** Labels are 0 to classCount − 1. */
  readonly classCount: number;
  /** [sampleCount, featureCount] row-major. */
  readonly features: Uint8Array;
  /** [sampleCount]. */
  readonly labels: Uint8Array;
}

/**
 * A checked {@link Dataset}; the arrays are kept, not copied.
 * @throws {ConfigurationError} when the lengths disagree, a label is not below `classCount`, or it is empty
 */
export function createDataset(parts: Omit<Dataset, 'sampleCount'>): Dataset {
  const { name, featureCount, classCount, features, labels } = parts;
  const sampleCount = labels.length;
  if (sampleCount === 0) throw new ConfigurationError(`Dataset '${name}' has no samples.`);
  if (features.length !== sampleCount * featureCount) {
    throw new ConfigurationError(
      `Dataset '${name}' has ${sampleCount} labels of ${featureCount} features each, ` +
        `which is ${sampleCount * featureCount} bytes, and ${features.length} were given.`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classCount);
  if (wrong >= 0) {
    throw new ConfigurationError(
      `Label ${labels[wrong]} of sample ${wrong} of dataset '${name}' is not below its ${classCount} classes.`,
    );
  }
  return { name, sampleCount, featureCount, classCount, features, labels };
}

/** The samples from `start` up to, not including, `end`; views, not copies. */
export function sliceDataset(dataset: Dataset, start: number, end: number): Dataset {
  const { featureCount } = dataset;
  return createDataset({
    ...dataset,
    features: dataset.features.subarray(start * featureCount, end * featureCount),
    labels: dataset.labels.subarray(start, end),
  });
}
