import { ConfigurationError } from '../errors.ts';
import { isBytes, isList, requireObject, requireText, show } from '../network/arguments.ts';

/**
 * Training or test data: samples of bytes, each with a label. A feature's value is byte/255.
 * Features are bytes, because a GPU then holds and reads a quarter of what floats take.
 */
export interface Dataset {
  /** Name for reports and errors: 'mnist training set', 'digits (seed 1)'. */
  readonly name: string;
  readonly sampleCount: number;
  /** Features per sample, 784 for a 28×28 image. */
  readonly featureCount: number;
  /** Labels are 0 to classCount − 1. At most 256, because a label is a byte. */
  readonly classCount: number;
  /** [sampleCount, featureCount] row-major. */
  readonly features: Uint8Array;
  /** [sampleCount]. */
  readonly labels: Uint8Array;
}

/** The parts of a dataset, for {@link createDataset}. */
export interface DatasetParts extends Omit<Dataset, 'sampleCount' | 'features' | 'labels'> {
  /** Integers from 0 to 255, as bytes or numbers; [labels.length, featureCount] row-major. */
  readonly features: Uint8Array | ArrayLike<number>;
  /** Integers from 0 to classCount − 1. */
  readonly labels: Uint8Array | ArrayLike<number>;
}

/**
 * Checks the parts and returns a {@link Dataset}. Arrays of bytes are kept, not copied. Other arrays of integers are
 * converted to bytes.
 * @throws {ConfigurationError} when the lengths disagree, a feature is not an integer from 0 to 255, a label is not
 *   below `classCount`, or there are no samples
 */
export function createDataset(parts: DatasetParts): Dataset {
  requireObject('The parts of a dataset', parts);
  const { name, featureCount, classCount } = parts;
  requireText('The name of a dataset', name);
  const features = toBytes(name, 'Feature', parts.features);
  const labels = toBytes(name, 'Label', parts.labels);
  const dataset = {
    ...{ name, sampleCount: labels.length, featureCount, classCount },
    ...{ features, labels },
  };
  requireDataset(dataset);
  return dataset;
}

/**
 * Checks a dataset, because one made without {@link createDataset} may contradict itself. Checks every label, but not
 * the values of the features, which are always valid bytes.
 * @throws {ConfigurationError} when it contradicts itself
 */
export function requireDataset(dataset: Dataset): void {
  requireObject('A dataset', dataset);
  const { name, sampleCount, featureCount, classCount, features, labels } = dataset;
  requireText('The name of a dataset', name);
  const refuse = (fact: string): never => {
    throw new ConfigurationError(`Dataset '${name}' ${fact}`);
  };
  if (!isBytes(features) || !isBytes(labels)) {
    const [part, value] = isBytes(features) ? ['labels', labels] : ['features', features];
    refuse(`needs a Uint8Array of ${part}; got ${show(value)}. Use createDataset.`);
  }
  requireCount(name, 'featureCount', featureCount);
  requireCount(name, 'classCount', classCount, 256);
  if (labels.length === 0) refuse('has no samples. Give at least one.');
  if (sampleCount !== labels.length) {
    refuse(
      `has ${labels.length} labels, but its sampleCount is ${show(sampleCount)}. Use createDataset.`,
    );
  }
  if (features.length !== sampleCount * featureCount) {
    refuse(
      `needs ${sampleCount * featureCount} bytes of features (${sampleCount} labels of ${featureCount} features each); ` +
        `got ${features.length}.`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classCount);
  if (wrong >= 0) {
    refuse(
      `has label ${labels[wrong]} for sample ${wrong}; labels must be from 0 to ${classCount - 1}, because classCount is ${classCount}.`,
    );
  }
}

/**
 * The samples from `start` up to, but not including, `end`, as views of the same bytes.
 * @throws {ConfigurationError} unless `start` and `end` are integers with 0 ≤ start < end ≤ sampleCount
 */
export function sliceDataset(dataset: Dataset, start: number, end: number): Dataset {
  requireDataset(dataset);
  const { featureCount, sampleCount, name } = dataset;
  const isRange = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end;
  if (!isRange || end > sampleCount) {
    throw new ConfigurationError(
      `start and end of a slice of dataset '${name}' must be integers with 0 ≤ start < end ≤ ${sampleCount}; ` +
        `got ${show(start)} and ${show(end)}.`,
    );
  }
  return createDataset({
    ...dataset,
    features: dataset.features.subarray(start * featureCount, end * featureCount),
    labels: dataset.labels.subarray(start, end),
  });
}

const howToScale = 'Multiply values from 0 to 1 by 255 and round them';

/** Converts integers to bytes. Throws for every value that a byte cannot hold exactly. */
function toBytes(
  name: string,
  what: 'Feature' | 'Label',
  values: Uint8Array | ArrayLike<number>,
): Uint8Array {
  if (isBytes(values)) return values;
  const given = `dataset '${name}'`;
  if (!isList(values)) {
    throw new ConfigurationError(
      `${what}s of ${given} must be an array of bytes; got ${show(values)}. Give a Uint8Array.`,
    );
  }
  const isFloats = values instanceof Float32Array || values instanceof Float64Array;
  if (isFloats && what === 'Feature') {
    // Also when every value is an integer: features from 0 to 1 that are all 0 or 1 would become nearly black bytes.
    throw new ConfigurationError(
      `Features of ${given} must be bytes, each worth byte/255; got a ${values.constructor.name}. ${howToScale}, into a Uint8Array.`,
    );
  }
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value === 'number') bytes[i] = value;
    if (bytes[i] === value) continue;
    throw new ConfigurationError(
      `${what} ${i} of ${given} must be an integer from 0 to 255; got ${show(value)}.` +
        (what === 'Feature' ? ` ${howToScale}.` : ''),
    );
  }
  return bytes;
}

function requireCount(name: string, what: string, value: number, max = 2 ** 32): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new ConfigurationError(
    `The ${what} of dataset '${name}' must be an integer from 1 to ${max}; got ${show(value)}.`,
  );
}
