import { describe, expect, test } from 'vitest';
import { mnistFiles, readMnist, readMnistFiles } from '../../src/data/mnist.ts';
import { FormatError, MissingDataError } from '../../src/errors.ts';
import { failureOf } from '../support/failure.ts';
import { makeIdx, makeTinyMnist, pack } from '../support/idxFiles.ts';

const tiny = makeTinyMnist(12, 5);

test('four files become a training and a test set', async () => {
  const { training, test: testSet } = await readMnist({
    ...tiny,
    trainingImages: pack(tiny.trainingImages),
  });
  expect(training).toMatchObject({
    name: 'mnist training set',
    sampleCount: 12,
    featureCount: 6,
    classCount: 10,
  });
  expect([...training.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  expect([...training.features.subarray(6, 9)]).toEqual([6, 7, 8]);
  expect(testSet).toMatchObject({ name: 'mnist test set', sampleCount: 5, featureCount: 6 });
});

test('another set of the same kind keeps its own name', async () => {
  const { training } = await readMnist(tiny, 'fashion-mnist');
  expect(training.name).toBe('fashion-mnist training set');
});

describe('files that do not belong together are refused', () => {
  test.each([
    [
      { trainingLabels: makeIdx([3], [1, 2, 3]) },
      4,
      'There are 12 mnist training images but 3 labels. Take all four files from the same set.',
    ],
    [
      { testLabels: makeIdx([6], [1, 2, 3, 4, 5, 6]) },
      4,
      'There are 5 mnist test images but 6 labels. Take all four files from the same set.',
    ],
    [
      { testLabels: makeIdx([5], [1, 2, 3, 10, 5]) },
      11,
      'Labels must be digits from 0 to 9; sample 3 in the file of mnist test labels has label 10. Take a set of 10 classes.',
    ],
    [
      { testImages: makeIdx([5, 1, 1], [1, 2, 3, 4, 5]) },
      8,
      'The training images of mnist have 6 pixels each, but its test images have 1. Take all four files from the same set.',
    ],
    [
      { trainingImages: tiny.trainingLabels },
      3,
      'The number of dimensions in the file of mnist training images must be 3; got 1 (12). Check that images and labels are not swapped.',
    ],
    [
      { testLabels: tiny.testImages },
      3,
      'The number of dimensions in the file of mnist test labels must be 1; got 3 (5 × 2 × 3). Check that images and labels are not swapped.',
    ],
    [
      { testImages: makeIdx([0, 2, 3], []), testLabels: makeIdx([0], []) },
      4,
      'The file of mnist test images is empty: it holds 0 images of 2 × 3 pixels. Get the file again.',
    ],
    [
      { testImages: makeIdx([5, 0, 3], []) },
      4,
      'The file of mnist test images is empty: it holds 5 images of 0 × 3 pixels. Get the file again.',
    ],
  ])('%#', async (change, offset, message) => {
    const error = await failureOf(readMnist({ ...tiny, ...change }), FormatError);
    expect(error.message).toBe(message);
    expect(error.offset).toBe(offset);
  });

  test('and a damaged one is named', async () => {
    const cut = { ...tiny, testImages: tiny.testImages.subarray(0, -1) };
    const { message } = await failureOf(readMnist(cut), FormatError);
    expect(message).toMatch(/^The file of mnist test images is cut short: /);
  });
});

describe('files handed to a page', () => {
  const named = (names: readonly string[]) =>
    names.map((name, i) => {
      const bytes = tiny[mnistFiles[i]!.role];
      return new File([Uint8Array.from(name.endsWith('gz') ? pack(bytes) : bytes)], name);
    });

  test.each([
    [mnistFiles.map((file) => file.name)],
    [mnistFiles.map((file) => `${file.name}.gz`)],
    [
      [
        'train-images.idx3-ubyte',
        'train-labels.idx1-ubyte',
        't10k-images.idx3-ubyte',
        'T10K-labels.idx1-ubyte.gz',
      ],
    ],
  ])('are known by the names %j, in any order and among others', async (names) => {
    const files = [new File(['x'], 'readme.txt'), ...named(names).reverse()];
    const { training, test: testSet } = await readMnistFiles(files);
    expect([training.sampleCount, testSet.sampleCount]).toEqual([12, 5]);
  });

  test('are read plain where one is there both ways', async () => {
    const [wrong] = named(['train-images-idx3-ubyte.gz']);
    const broken = new File(['x'], wrong!.name);
    const files = [broken, ...named(mnistFiles.map((file) => file.name))];
    expect((await readMnistFiles(files)).training.sampleCount).toBe(12);
  });

  test('are asked for by name where they are missing', async () => {
    const files = named(mnistFiles.map((file) => file.name)).slice(0, 2);
    expect((await failureOf(readMnistFiles(files), MissingDataError)).message).toBe(
      '2 of the 4 MNIST files are missing: t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (each also as .gz). ' +
        'Given: train-images-idx3-ubyte, train-labels-idx1-ubyte. Choose all four together.',
    );
    expect((await failureOf(readMnistFiles([]), MissingDataError)).message).toContain(
      '4 of the 4 MNIST files are missing: train-images-idx3-ubyte, train-labels-idx1-ubyte, ' +
        't10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (each also as .gz). Given: nothing.',
    );
  });

  test('that are gone when they are read are named', async () => {
    const files = named(mnistFiles.map((file) => file.name));
    const gone = {
      name: files[1]!.name,
      size: files[1]!.size,
      arrayBuffer: () => Promise.reject(new DOMException('It was moved.', 'NotFoundError')),
    };
    const given = [gone, ...files.filter(({ name }) => name !== gone.name)];
    expect((await failureOf(readMnistFiles(given), MissingDataError)).message).toBe(
      'train-labels-idx1-ubyte cannot be read (It was moved). Choose the files again.',
    );
  });

  test('are not even loaded when too large to be MNIST', async () => {
    const files = named(mnistFiles.map((file) => file.name));
    const huge = {
      name: files[0]!.name,
      size: 2 ** 30 + 1,
      arrayBuffer: () => Promise.reject(new Error('was loaded')),
    };
    const { message } = await failureOf(readMnistFiles([huge, ...files.slice(1)]), FormatError);
    expect(message).toContain(
      `train-images-idx3-ubyte has ${2 ** 30 + 1} bytes; nudge reads at most`,
    );
  });
});
