/**
 * The dataset `digits`: handwritten-like digits in MNIST's format that need no file, because each
 * sample is computed from its seed, its split and its index alone. A network trained only on them
 * reads real handwriting: see `style.ts` for how they vary and `templates/` for how digits are written.
 *
 * The same bytes come out on every platform and in every engine: only operations that IEEE 754
 * rounds exactly are used, and all randomness is `Random`'s.
 */
import { ConfigurationError } from '../../errors.ts';
import { requireOptions, show } from '../../network/arguments.ts';
import { requireOneOf } from '../../network/functions.ts';
import { createDataset, type Dataset } from '../dataset.ts';
import { imageSize } from './render.ts';
import { DigitWriter, type DigitsSplit } from './writer.ts';

export type { DigitsSplit } from './writer.ts';

const featureCount = imageSize * imageSize;

/** What every engine can hold in one array, in bytes. */
const maxBytes = 2 ** 31 - 1;

/** What {@link digits} generates. */
export interface DigitsOptions {
  /** An integer from 0 to 2³² − 1; 1 unless given. */
  readonly seed?: number;
  /** Samples of the training set, 60,000 unless given. */
  readonly trainingCount?: number;
  /** Samples of the test set, 10,000 unless given. */
  readonly testCount?: number;
}

/**
 * The training and the test set: 28×28 images of the digits 0 to 9 in random order, as many as
 * MNIST has. A shorter set is the beginning of a longer one.
 *
 * Takes about two seconds for all 70,000; `digitsRange` makes a part at a time.
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
 * The samples of one split from `start` up to, not including, `end`: the same bytes as in the whole.
 * @throws {ConfigurationError} when the seed or the range makes no sense
 */
export function digitsRange(seed: number, split: DigitsSplit, start: number, end: number): Dataset {
  checkSeed(seed);
  requireOneOf('split', split, ['training', 'test']);
  checkIndex(start);
  if (!Number.isInteger(end)) checkIndex(end);
  const sampleCount = end - start;
  if (sampleCount < 1) {
    throw new ConfigurationError(
      `The digits ${split} set from sample ${start} up to sample ${end} has no samples; ask for at least one.`,
    );
  }
  checkIndex(end - 1);
  if (sampleCount * featureCount > maxBytes) {
    throw new ConfigurationError(
      `${sampleCount} digits take ${sampleCount * featureCount} bytes and one array holds ${maxBytes}; ` +
        `ask for at most ${Math.floor(maxBytes / featureCount)} at a time.`,
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
      `The seed of the digits is ${show(seed)}; give an integer from 0 to ${2 ** 32 - 1}.`,
    );
  }
}

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32) {
    throw new ConfigurationError(
      `Sample ${show(index)} of the digits does not exist; samples are numbered from 0 to ${2 ** 32 - 1}.`,
    );
  }
}
