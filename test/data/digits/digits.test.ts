import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digits, digitsRange } from '../../../src/data/digits/digits.ts';
import type { Dataset } from '../../../src/data/dataset.ts';
import { ConfigurationError } from '../../../src/errors.ts';

function sha256(...arrays: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const array of arrays) hash.update(array);
  return hash.digest('hex');
}

/** The images of a dataset, each as a string of its bytes. */
function images(dataset: Dataset): string[] {
  const bytes = Buffer.from(dataset.features);
  return Array.from({ length: dataset.sampleCount }, (_, i) =>
    bytes.toString('latin1', i * dataset.featureCount, (i + 1) * dataset.featureCount),
  );
}

/** The ink of one 28×28 image: its bounding box and its centre of mass, in pixel indices. */
function measure(image: Uint8Array) {
  const box = { left: 28, right: -1, top: 28, bottom: -1 };
  let mass = 0;
  let massX = 0;
  let massY = 0;
  image.forEach((byte, pixel) => {
    const x = pixel % 28;
    const y = (pixel - x) / 28;
    mass += byte;
    massX += byte * x;
    massY += byte * y;
    if (byte === 0) return;
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  });
  return { ...box, centreX: massX / mass, centreY: massY / mass };
}

describe('digits', () => {
  const { training, test } = digits();

  it('are 60,000 training and 10,000 test samples of 28×28 bytes in ten classes, named with their seed', () => {
    expect(training).toMatchObject({ sampleCount: 60_000, featureCount: 784, classCount: 10 });
    expect(test).toMatchObject({ sampleCount: 10_000, featureCount: 784, classCount: 10 });
    expect(training.name).toBe('digits training set (seed 1)');
    expect(test.name).toBe('digits test set (seed 1)');
  });

  // These hashes are the same in Node, Chromium and Firefox. A change of them is a change of the
  // dataset, and every accuracy ever published for it needs measuring again.
  it('have the same bytes on every platform', () => {
    expect(sha256(training.features, test.features, training.labels, test.labels)).toBe(
      '5944bc12ab1d6c6b4ffe42ca52f4bfb6f9f277d9562888f16be3ebf240de2d58',
    );
    const range = digitsRange(7, 'test', 1000, 1100);
    expect(sha256(range.features, range.labels)).toBe(
      '7829092b1cfe95ba02cf3d8889d66f978c795c8add23a092616dab669bd96e8e',
    );
  });

  it('hold every class nearly equally often, in random order', () => {
    for (const { labels, sampleCount } of [training, test]) {
      const counts = new Array<number>(10).fill(0);
      let repeats = 0;
      labels.forEach((label, i) => {
        counts[label]! += 1;
        if (i > 0 && labels[i - 1] === label) repeats++;
      });
      // Five standard deviations of a binomial count with p = 1/10.
      const bound = 5 * Math.sqrt(sampleCount * 0.09);
      for (const count of [...counts, repeats]) {
        expect(Math.abs(count - sampleCount / 10)).toBeLessThan(bound);
      }
    }
  });

  it('never show the same image twice, in the training set, in the test set or in both', () => {
    const all = [...images(training), ...images(test)];
    expect(new Set(all).size).toBe(70_000);
  });

  it('fill a 20×20 box with their longer side and have their centre of mass in the middle of the image', () => {
    for (let i = 0; i < 5000; i++) {
      const ink = measure(training.features.subarray(784 * i, 784 * (i + 1)));
      const longer = Math.max(ink.right - ink.left, ink.bottom - ink.top) + 1;
      expect(longer).toBe(20);
      const isAtSide = ink.left === 0 || ink.right === 27;
      const isAtEnd = ink.top === 0 || ink.bottom === 27;
      if (!isAtSide) expect(Math.abs(ink.centreX - 14)).toBeLessThanOrEqual(0.5);
      if (!isAtEnd) expect(Math.abs(ink.centreY - 14)).toBeLessThanOrEqual(0.5);
    }
  });

  it('use every byte from 0 to 255, with as much paper and ink as MNIST has', () => {
    const counts = new Array<number>(256).fill(0);
    let sum = 0;
    for (const byte of test.features) {
      counts[byte]! += 1;
      sum += byte;
    }
    expect(Math.min(...counts)).toBeGreaterThan(0);
    // MNIST's training images: 80.9 % of the bytes are 0, the mean byte is 33.3.
    expect(counts[0]! / test.features.length).toBeCloseTo(0.809, 1);
    expect(sum / test.features.length).toBeGreaterThan(30);
    expect(sum / test.features.length).toBeLessThan(37);
  });

  it('are a pure function of the seed: the same bytes again, other bytes for another seed', () => {
    const counts = { trainingCount: 200, testCount: 100 };
    expect(digits({ seed: 5, ...counts })).toEqual(digits({ seed: 5, ...counts }));
    const other = new Set(images(digits({ seed: 6, ...counts }).training));
    expect(
      images(digits({ seed: 5, ...counts }).training).filter((image) => other.has(image)),
    ).toEqual([]);
  });

  it('begin alike whatever their number', () => {
    const short = digits({ trainingCount: 30, testCount: 10 });
    expect(short.training.features).toEqual(training.features.subarray(0, 30 * 784));
    expect(short.training.labels).toEqual(training.labels.subarray(0, 30));
    expect(short.test.features).toEqual(test.features.subarray(0, 10 * 784));
    expect(short.test.labels).toEqual(test.labels.subarray(0, 10));
  });

  it('can be generated in any part, which equals that part of the whole', () => {
    for (const [split, whole, start, end] of [
      ['training', training, 12_345, 12_400],
      ['training', training, 59_999, 60_000],
      ['test', test, 4000, 4050],
    ] as const) {
      const range = digitsRange(1, split, start, end);
      expect(range.features).toEqual(whole.features.subarray(784 * start, 784 * end));
      expect(range.labels).toEqual(whole.labels.subarray(start, end));
    }
  });

  it('refuse a seed, a count or a range that makes no sense, and say which', () => {
    for (const [call, message] of [
      [
        () => digits({ seed: -1 }),
        'The seed of the digits must be an integer from 0 to 4294967295; got -1.',
      ],
      [
        () => digits({ seed: 1.5 }),
        'The seed of the digits must be an integer from 0 to 4294967295; got 1.5.',
      ],
      [
        () => digitsRange(2 ** 32, 'test', 0, 1),
        'The seed of the digits must be an integer from 0 to 4294967295; got 4294967296.',
      ],
      [
        () => digitsRange(1, 'training', -3, 2),
        'The index of a digit must be an integer from 0 to 4294967295; got -3.',
      ],
      [
        () => digitsRange(1, 'test', 2 ** 32 - 1, 2 ** 32 + 1),
        'The index of a digit must be an integer from 0 to 4294967295; got 4294967296.',
      ],
      [
        () => digits({ trainingCount: 0 }),
        'The digits training set from sample 0 up to sample 0 has no samples. Ask',
      ],
      [
        () => digitsRange(1, 'test', 9, 4),
        'The digits test set from sample 9 up to sample 4 has no samples. Ask',
      ],
      [
        () => digits({ testCount: 1, trainingCount: 3_000_000 }),
        '3000000 digits take 2352000000 bytes, but one array holds at most 2147483647. Ask for at most 2739137 at a time.',
      ],
    ] as const) {
      expect(call).toThrow(ConfigurationError);
      expect(call).toThrow(message);
    }
  });
});
