import { describe, expect, it } from 'vitest';

import { createDataset, sliceDataset } from '../../src/data/dataset.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { errorOf } from '../support/failure.ts';

const parts = {
  name: 'small',
  featureCount: 2,
  classCount: 3,
  features: Uint8Array.of(0, 1, 2, 253, 254, 255),
  labels: Uint8Array.of(0, 1, 2),
};
const refusal = (changes: object) =>
  errorOf(ConfigurationError, () => createDataset({ ...parts, ...changes })).message;

describe('a dataset', () => {
  it('keeps bytes as they are, and makes bytes of other whole numbers', () => {
    const made = createDataset(parts);
    expect(made).toEqual({ ...parts, sampleCount: 3 });
    expect(made.features).toBe(parts.features);
    for (const make of [
      (bytes: Uint8Array) => [...bytes],
      (bytes: Uint8Array) => Uint16Array.from(bytes),
      (bytes: Uint8Array) => Uint8ClampedArray.from(bytes),
    ]) {
      const other = { features: make(parts.features), labels: make(parts.labels) };
      expect(createDataset({ ...parts, ...other })).toEqual(made);
    }
  });

  it.each([
    [
      { features: new Float32Array(6) },
      /^Features of dataset 'small' must be bytes, .* got a Float32Array\. Multiply values from 0 to 1 by 255/,
    ],
    [
      { features: [0, 0.5, 0, 0, 0, 0] },
      /^Feature 1 of dataset 'small' must be an integer from 0 to 255; got 0\.5\. Multiply values from 0 to 1 by 255/,
    ],
    [
      { features: Uint16Array.of(0, 0, 0, 256, 0, 0) },
      /^Feature 3 of dataset 'small' must be an integer from 0 to 255; got 256\./,
    ],
    [
      { features: Int8Array.of(-1, 0, 0, 0, 0, 0) },
      /^Feature 0 of dataset 'small' must be .*; got -1\./,
    ],
    [
      { features: 'bytes' },
      /^Features of dataset 'small' must be an array of bytes; got 'bytes'\. /,
    ],
    [
      { features: Uint8Array.of(1, 2) },
      /^Dataset 'small' needs 6 bytes of features \(3 labels of 2 features each\); got 2\./,
    ],
    [{ labels: Int8Array.of(0, -1, 0) }, /^Label 1 of dataset 'small' must be .*; got -1\./],
    [{ labels: [0, NaN, 1] }, /^Label 1 of dataset 'small' must be .*; got NaN\./],
    [{ labels: [0, 256, 1] }, /^Label 1 of dataset 'small' must be .*; got 256\./],
    [
      { labels: [0, 3, 1] },
      /^Dataset 'small' has label 3 for sample 1; labels must be from 0 to 2, because classCount is 3\./,
    ],
    [{ labels: [], features: [] }, /^Dataset 'small' has no samples\./],
    [
      { classCount: NaN },
      /^The classCount of dataset 'small' must be an integer from 1 to 256; got NaN\./,
    ],
    [{ classCount: 4.5 }, /got 4\.5\./],
    [{ classCount: 257 }, /got 257\./],
    [
      { featureCount: 0 },
      /^The featureCount of dataset 'small' must be an integer from 1 to \d+; got 0\./,
    ],
    [{ name: undefined }, /^The name of a dataset must be a string; got undefined\./],
  ])('is refused with %o', (changes, sentence) => {
    expect(refusal(changes)).toMatch(sentence);
  });

  it('has slices of its samples alone', () => {
    const dataset = createDataset(parts);
    const slice = sliceDataset(dataset, 1, 3);
    expect([...slice.features, ...slice.labels]).toEqual([2, 253, 254, 255, 1, 2]);
    expect(slice.features.buffer).toBe(parts.features.buffer);
    for (const [start, end] of [
      [-1, 2],
      [0, 4],
      [2, 2],
      [0.5, 2],
      [NaN, 1],
    ] as const) {
      expect(() => sliceDataset(dataset, start, end)).toThrow(ConfigurationError);
    }
  });
});
