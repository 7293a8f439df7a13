/** The page's training data: generated digits, MNIST files on the server, or the reader's files. */
import type { JobData } from '../benchmark/trainJob.ts';
import { createDataset, sliceDataset, type Dataset } from '../data/dataset.ts';
import {
  digits,
  digitsRange,
  type DigitsOptions,
  type DigitsSplit,
} from '../data/digits/digits.ts';
import { mnistFiles, readMnist, readMnistFiles, readRoles, type MnistRole } from '../data/mnist.ts';
import { TimeSlice } from '../engine/timeSlice.ts';
import { FormatError, MissingDataError } from '../errors.ts';
import { testCountFor } from './testCount.ts';

/** Data that the page gets by itself. */
export type PageDataSource =
  | { readonly kind: 'digits'; readonly options?: DigitsOptions }
  | { readonly kind: 'mnist'; readonly urls: Readonly<Record<MnistRole, string>> };

/** Inputs of every workload: 28 × 28 pixels. */
const featureCount = 784;

/** Digits to draw before looking at the clock, which takes some milliseconds. */
const digitsAtOnce = 200;

/** @throws {MissingDataError | FormatError} if files are missing or damaged */
export async function loadPageData(source: PageDataSource): Promise<JobData> {
  if (source.kind === 'digits') return digits(source.options);
  return await readMnist(await readRoles(({ role }) => fetchBytes(source.urls[role])));
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) {
    const file = mnistFiles.find(({ name }) => url.includes(name))?.name ?? url;
    throw new MissingDataError(
      `The page could not fetch ${file} (HTTP ${response.status}). Check that the file is still there.`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Generates digits in slices of time, so that the user can stop it.
 * @param onProgress receives the share that is done, 0 to 1
 * @throws the signal's reason
 */
export async function generateDigits(
  { seed = 1, trainingCount = 60_000, testCount = 10_000 }: DigitsOptions,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<JobData> {
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
      const part = digitsRange(seed, split, start, Math.min(start + digitsAtOnce, count));
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
 * Reads MNIST files that the reader chose or dropped.
 * @param trainingCount the most training samples to use; the most test samples are a sixth of it
 * @throws {MissingDataError | FormatError} as `readMnistFiles` does, and if images are not 28 × 28
 */
export async function readFiles(files: readonly File[], trainingCount: number): Promise<JobData> {
  const { training, test } = await readMnistFiles(files);
  if (training.featureCount !== featureCount) {
    throw new FormatError(
      `The images in these files have ${training.featureCount} pixels each, and the networks here take ` +
        `${featureCount} (28 × 28). Choose the four files of MNIST, or of another data set in its format.`,
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
