/** The datasets that the page trains on: digits generated on the spot, or MNIST files that the reader hands in. */
import { createDataset, sliceDataset, type Dataset } from '../data/dataset.ts';
import { digitsRange, type DigitsSplit } from '../data/digits/digits.ts';
import { readMnistFiles } from '../data/mnist.ts';
import { FormatError } from '../errors.ts';
import { TimeSlice } from '../training/timeSlice.ts';

export interface PageData {
  readonly training: Dataset;
  readonly test: Dataset;
}

/** What every preset's first layer takes: 28 × 28 pixels. */
const featureCount = 784;

/** Seed of the generated digits; the seed that the address sets is that of initialisation and shuffling. */
const digitsSeed = 1;

/** Digits drawn between two looks at the clock, some milliseconds' worth. */
const digitsAtOnce = 200;

/** Test samples for a number of training samples, in MNIST's proportion. */
export function testCountFor(trainingCount: number): number {
  return Math.round(trainingCount / 6);
}

/** The first few generated digits, at once, to be looked at. */
export function previewDigits(): Dataset {
  return digitsRange(digitsSeed, 'training', 0, digitsAtOnce);
}

/**
 * The generated digits, drawn in slices so that the page stays alive meanwhile.
 * @param onProgress takes the share that is done, 0 to 1
 * @throws the signal's reason
 */
export async function generateDigits(
  trainingCount: number,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<PageData> {
  const testCount = testCountFor(trainingCount);
  const all = trainingCount + testCount;
  const slice = new TimeSlice();
  const generate = async (split: DigitsSplit, count: number, before: number): Promise<Dataset> => {
    const features = new Uint8Array(count * featureCount);
    const labels = new Uint8Array(count);
    let name = '';
    for (let start = 0; start < count; start += digitsAtOnce) {
      if (slice.isOver()) {
        onProgress((before + start) / all);
        await slice.next();
        signal.throwIfAborted();
      }
      const part = digitsRange(digitsSeed, split, start, Math.min(start + digitsAtOnce, count));
      features.set(part.features, start * featureCount);
      labels.set(part.labels, start);
      name = part.name;
    }
    return createDataset({ name, featureCount, classCount: 10, features, labels });
  };
  const training = await generate('training', trainingCount, 0);
  const test = await generate('test', testCount, trainingCount);
  return { training, test };
}

/**
 * The datasets in the MNIST files that a reader chose or dropped, cut to what the address asks for.
 * @throws {MissingDataError | FormatError} as `readMnistFiles` does, and when images are not 28 × 28
 */
export async function readFiles(files: readonly File[], trainingCount: number): Promise<PageData> {
  const { training, test } = await readMnistFiles(files);
  if (training.featureCount !== featureCount) {
    throw new FormatError(
      `The images in these files have ${training.featureCount} pixels each, and the networks here take ` +
        `${featureCount} (28 × 28). Choose the four files of MNIST, or of a set of the same format.`,
      8,
    );
  }
  const first = (dataset: Dataset, count: number) =>
    sliceDataset(dataset, 0, Math.min(count, dataset.sampleCount));
  return {
    training: first(training, trainingCount),
    test: first(test, testCountFor(trainingCount)),
  };
}
