/** The datasets that the page trains on: digits generated on the spot, MNIST files of its server, or files handed in. */
import type { JobData } from '../benchmark/trainJob.ts';
import { createDataset, sliceDataset, type Dataset } from '../data/dataset.ts';
import {
  digits,
  digitsRange,
  type DigitsOptions,
  type DigitsSplit,
} from '../data/digits/digits.ts';
import { mnistFiles, readMnist, readMnistFiles, readRoles, type MnistRole } from '../data/mnist.ts';
import { FormatError, MissingDataError } from '../errors.ts';
import { TimeSlice } from '../engine/timeSlice.ts';
import { testCountFor } from './testCount.ts';

/** What the page finds by itself: digits that it generates, or MNIST files that the server has. */
export type PageDataSource =
  | { readonly kind: 'digits'; readonly options?: DigitsOptions }
  | { readonly kind: 'mnist'; readonly urls: Readonly<Record<MnistRole, string>> };

/** What every workload's first layer takes: 28 × 28 pixels. */
const featureCount = 784;

/** Digits drawn between two looks at the clock, some milliseconds' worth. */
const digitsAtOnce = 200;

/** @throws {MissingDataError | FormatError} for files that are not there, or damaged */
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
 * The generated digits, drawn in slices, so that the user can stop it meanwhile.
 * @param onProgress takes the share that is done, 0 to 1
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
 * The datasets in the MNIST files that a reader chose or dropped, cut to what the address asks for.
 * @param trainingCount training samples at most; test samples a sixth as many
 * @throws {MissingDataError | FormatError} as `readMnistFiles` does, and when images are not 28 × 28
 */
export async function readFiles(files: readonly File[], trainingCount: number): Promise<JobData> {
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
