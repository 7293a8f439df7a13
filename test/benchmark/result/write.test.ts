import { expect, it } from 'vitest';

import { maxCharacters, readResult } from '../../../src/benchmark/result/read.ts';
import { writeResult } from '../../../src/benchmark/result/write.ts';
import { FormatError } from '../../../src/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { errorOf } from '../../support/failure.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();

/** The same value with the properties of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, reversed(one)] as const);
  return Object.fromEntries(entries.reverse());
}

it('a written result is read back unchanged', () => {
  const text = writeResult(result);
  expect(readResult(text)).toEqual(result);
  expect(text).toContain('\n      "layers": [ 784, 16, 16, 10 ],\n');
  expect(text).toMatch(/^\{\n {2}"format": "nudge-benchmark",\n {2}"version": 3,\n[^]*\n\}\n$/);
});

it('the order of properties in the object makes no difference', () => {
  const other = reversed(result) as typeof result;
  expect(JSON.stringify(other)).not.toBe(JSON.stringify(result));
  expect(writeResult(other)).toBe(writeResult(result));
});

it('an invalid result is not written', () => {
  errorOf(FormatError, () => writeResult(resultWith(result, ['seconds'], NaN)));
});

it('a string that looks like a list of numbers stays as it is', () => {
  const name = '[\n  1,\n  2\n]';
  const text = writeResult(resultWith(result, ['data', 'name'], name));
  expect(readResult(text).data.name).toBe(name);
});

it('the longest possible run can be read again', () => {
  const long = makeBenchmarkResult({
    workloads: ['tiny', 'mid', 'large', 'xl', 'huge', 'batch-1', 'batch-10', 'batch-1000'],
    repeats: 100,
    curvePoints: 400,
  });
  // A run with peers has seven backends; this one has three.
  expect((writeResult(long).length * 7) / 3).toBeLessThan(maxCharacters);
});
