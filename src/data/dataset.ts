import { ConfigurationError } from '../errors.ts';
import { isBytes, requireObject, requireText, show } from '../network/arguments.ts';

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
  /** Labels are 0 to classCount − 1; at most 256, since a label is a byte. */
  readonly classCount: number;
  /** [sampleCount, featureCount] row-major. */
  readonly features: Uint8Array;
  /** [sampleCount]. */
  readonly labels: Uint8Array;
}

/** The parts of a dataset, for {@link createDataset}. */
export interface DatasetParts extends Omit<Dataset, 'sampleCount' | 'features' | 'labels'> {
  /** Bytes, or other whole numbers from 0 to 255; [labels.length, featureCount] row-major. */
  readonly features: Uint8Array | ArrayLike<number>;
  /** Whole numbers from 0 to classCount − 1. */
  readonly labels: Uint8Array | ArrayLike<number>;
}

/**
 * A checked {@link Dataset}. Arrays of bytes are kept, not copied; arrays of other whole numbers become bytes.
 * @throws {ConfigurationError} when the lengths disagree, a feature is no byte, a label is not below `classCount`, or
 *   it is empty
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
 * Refuses an object that is no dataset: one made by hand, without {@link createDataset}, may contradict itself. Looks at
 * every label, and at no feature.
 * @throws {ConfigurationError}
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
    refuse(`has ${show(value)} for ${part}, and a Uint8Array belongs there. Use createDataset.`);
  }
  requireCount(name, 'featureCount', featureCount);
  requireCount(name, 'classCount', classCount, 256);
  if (labels.length === 0) refuse('has no samples. Give at least 1.');
  if (sampleCount !== labels.length) {
    refuse(
      `has ${labels.length} labels, and its sampleCount is ${show(sampleCount)}. Use createDataset.`,
    );
  }
  if (features.length !== sampleCount * featureCount) {
    refuse(
      `has ${sampleCount} labels of ${featureCount} features each, ` +
        `which is ${sampleCount * featureCount} bytes, and ${features.length} were given. Give as many.`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classCount);
  if (wrong >= 0) {
    refuse(
      `has label ${labels[wrong]} for sample ${wrong}, which is not below its ${classCount} classes. Labels count from 0.`,
    );
  }
}

/**
 * The samples from `start` up to, not including, `end`; views, not copies.
 * @throws {ConfigurationError} unless 0 ≤ start < end ≤ sampleCount, in whole numbers
 */
export function sliceDataset(dataset: Dataset, start: number, end: number): Dataset {
  requireDataset(dataset);
  const { featureCount, sampleCount, name } = dataset;
  const isRange = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end;
  if (!isRange || end > sampleCount) {
    throw new ConfigurationError(
      `A slice of dataset '${name}' is from one of its ${sampleCount} samples up to a later one, and ` +
        `${show(start)} and ${show(end)} were given. Give whole numbers from 0 to ${sampleCount}.`,
    );
  }
  return createDataset({
    ...dataset,
    features: dataset.features.subarray(start * featureCount, end * featureCount),
    labels: dataset.labels.subarray(start, end),
  });
}

const howToScale = 'Multiply values from 0 to 1 by 255 and round them';

/** Converts whole numbers to bytes. Refuses every value that a byte would change. */
function toBytes(
  name: string,
  what: 'Feature' | 'Label',
  values: Uint8Array | ArrayLike<number>,
): Uint8Array {
  if (isBytes(values)) return values;
  const given = `dataset '${name}'`;
  if (!(Array.isArray(values) || ArrayBuffer.isView(values)) || values instanceof DataView) {
    throw new ConfigurationError(
      `${what}s of ${given} are an array of bytes, and ${show(values)} was given. Give a Uint8Array.`,
    );
  }
  const isFloats = values instanceof Float32Array || values instanceof Float64Array;
  if (isFloats && what === 'Feature') {
    // Even where all are whole: of values from 0 to 1, those would be taken for two shades of black.
    throw new ConfigurationError(
      `Features of ${given} are bytes, whose value is byte/255, and a ${values.constructor.name} was given. ${howToScale}, into a Uint8Array.`,
    );
  }
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value === 'number') bytes[i] = value;
    if (bytes[i] === value) continue;
    throw new ConfigurationError(
      `${what} ${i} of ${given} is ${show(value)}, and a whole number from 0 to 255 belongs there.` +
        (what === 'Feature' ? ` ${howToScale}.` : ''),
    );
  }
  return bytes;
}

function requireCount(name: string, what: string, value: number, max = 2 ** 32): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new ConfigurationError(
    `The ${what} of dataset '${name}' is a whole number from 1 to ${max}, and ${show(value)} was given.`,
  );
}
