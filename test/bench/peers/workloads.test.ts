import { expect, test } from 'vitest';

import { unitOf, wholeBatches, workOf, workloads } from '../../../bench/peers/workloads.ts';

test.each([
  [60_000, 100, 60_000],
  [60_000, 128, 59_904],
  [99, 100, 0],
])('of %d samples, mini-batches of %d take %d', (count, batchSize, expected) => {
  expect(wholeBatches(count, batchSize)).toBe(expected);
});

test('a training counts samples, and a product floating-point operations', () => {
  const [tiny] = workloads.filter(({ name }) => name === 'tiny');
  const [product] = workloads.filter(({ name }) => name === 'matmul-512');
  expect([unitOf(tiny!), workOf(tiny!, 3)]).toEqual(['samples/s', 300]);
  expect([unitOf(product!), workOf(product!, 2)]).toEqual(['GFLOP/s', 0.536870912]);
});

test('no two have the same name', () => {
  const names = workloads.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
