import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { dataForPage, findData, loadData } from '../../src/cli/dataSource.ts';
import { MissingDataError } from '../../src/errors.ts';
import { failureOf } from '../support/failure.ts';
import { makeFolder, writeTinyMnist } from './runCli.ts';

let folder: string;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

it('digits need no files, and have the requested size', async () => {
  expect(await findData('digits')).toEqual({ source: { kind: 'digits' } });
  const options = { trainingCount: 20, testCount: 5 };
  const { training, test } = await loadData({ kind: 'digits', options });
  expect([training.sampleCount, test.sampleCount]).toEqual([20, 5]);
});

it('a page gets the four files of a folder, compressed or not', async () => {
  await writeTinyMnist(folder);
  await rename(join(folder, 'train-labels-idx1-ubyte'), join(folder, 'train-labels-idx1-ubyte.gz'));
  const { source } = await findData(folder);
  expect(source).toEqual({ kind: 'mnist', folder });
  expect(await dataForPage(source)).toEqual({
    data: {
      kind: 'mnist',
      urls: {
        trainingImages: '/data/mnist/train-images-idx3-ubyte',
        trainingLabels: '/data/mnist/train-labels-idx1-ubyte.gz',
        testImages: '/data/mnist/t10k-images-idx3-ubyte',
        testLabels: '/data/mnist/t10k-labels-idx1-ubyte',
      },
    },
    mounts: [
      {
        path: '/data/mnist/',
        folder,
        files: [
          'train-images-idx3-ubyte',
          'train-labels-idx1-ubyte.gz',
          't10k-images-idx3-ubyte',
          't10k-labels-idx1-ubyte',
        ],
      },
    ],
  });
});

it('a folder that lacks a file is refused with the file’s name', async () => {
  await writeTinyMnist(folder);
  await rm(join(folder, 't10k-labels-idx1-ubyte'));
  const { message } = await failureOf(findData(folder), MissingDataError);
  expect(message).toBe(
    `1 of the 4 MNIST files are missing in ${folder}: t10k-labels-idx1-ubyte (each also as .gz). ` +
      "Fetch them with 'nudge data mnist', name the folder that has them, or train on digits.",
  );
});
