/**
 * The dataset `digits`: handwritten-like digits in MNIST's format. They need no file, because each
 * sample is computed from its seed, its split and its index. A network trained only on them
 * reads real handwriting. `style.ts` defines how they vary, and `templates/` how digits are written.
 *
 * Every platform and JavaScript engine gives the same bytes, because the code uses only operations
 * that IEEE 754 rounds exactly, and `Random` for all randomness.
 */
import { ConfigurationError } from '../../errors.ts';
import { requireOptions, show } from '../../network/arguments.ts';
import { requireOneOf } from '../../network/functions.ts';
import { createDataset, type Dataset } from '../dataset.ts';
import { imageSize } from './render.ts';
import { DigitWriter, type DigitsSplit } from './writer.ts';

export type { DigitsSplit } from './writer.ts';

const featureCount = imageSize * imageSize;

/** The largest array that every JavaScript engine allows, in bytes. */
const maxBytes = 2 ** 31 - 1;

/** Options of {@link digits}. */
export interface DigitsOptions {
  /** An integer from 0 to 2³² − 1. @defaultValue 1 */
  readonly seed?: number;
  /** Samples of the training set. @defaultValue 60000 */
  readonly trainingCount?: number;
  /** Samples of the test set. @defaultValue 10000 */
  readonly testCount?: number;
}

/**
 * The training set and the test set: 28×28 images of the digits 0 to 9 in random order, by default
 * as many as MNIST has. A shorter set is the beginning of a longer one.
 *
 * All 70,000 take about two seconds. `digitsRange` generates a part at a time.
 *
 * @example
 * const { training, test } = digits({ seed: 1 });
 *
 * @throws {ConfigurationError} when the seed or a count is out of range
 */
export function digits(options: DigitsOptions = {}): { training: Dataset; test: Dataset } {
  requireOptions('digits', options, { seed: true, trainingCount: true, testCount: true });
  const { seed = 1, trainingCount = 60_000, testCount = 10_000 } = options;
  return {
    training: digitsRange(seed, 'training', 0, trainingCount),
    test: digitsRange(seed, 'test', 0, testCount),
  };
}

/**
 * The samples of one split from `start` up to, but not including, `end`. They have the same bytes as in the whole set.
 * @throws {ConfigurationError} when the seed, the split or the range is invalid
 */
export function digitsRange(seed: number, split: DigitsSplit, start: number, end: number): Dataset {
  checkSeed(seed);
  requireOneOf('split', split, ['training', 'test']);
  checkIndex(start);
  if (!Number.isInteger(end)) checkIndex(end);
  const sampleCount = end - start;
  if (sampleCount < 1) {
    throw new ConfigurationError(
      `The digits ${split} set from sample ${start} up to sample ${end} has no samples. Ask for at least one.`,
    );
  }
  checkIndex(end - 1);
  if (sampleCount * featureCount > maxBytes) {
    throw new ConfigurationError(
      `${sampleCount} digits take ${sampleCount * featureCount} bytes, but one array holds at most ${maxBytes}. ` +
        `Ask for at most ${Math.floor(maxBytes / featureCount)} at a time.`,
    );
  }
  const writer = new DigitWriter(seed);
  const features = new Uint8Array(sampleCount * featureCount);
  const labels = new Uint8Array(sampleCount);
  for (let i = 0; i < sampleCount; i++) {
    const image = features.subarray(i * featureCount, (i + 1) * featureCount);
    labels[i] = writer.write(split, start + i, image);
  }
  return createDataset({
    name: `digits ${split} set (seed ${seed})`,
    featureCount,
    classCount: 10,
    features,
    labels,
  });
}

function checkSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new ConfigurationError(
      `The seed of the digits must be an integer from 0 to ${2 ** 32 - 1}; got ${show(seed)}.`,
    );
  }
}

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32) {
    throw new ConfigurationError(
      `The index of a digit must be an integer from 0 to ${2 ** 32 - 1}; got ${show(index)}.`,
    );
  }
}
