import { expect, it } from 'vitest';

import { batchSweepOf, ladderOf, backendsOf } from '../../../src/page/result/lookUp.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';

const result = makeBenchmarkResult({
  workloads: ['xl', 'batch-1000', 'tiny', 'batch-1', 'mid', 'batch-10'],
});

it('the ladder rises, and leaves the mini-batches out', () => {
  expect(ladderOf(result).map(({ name }) => name)).toEqual(['tiny', 'mid', 'xl']);
});

it('the sweep over mini-batches has the ladder’s one too, by size', () => {
  expect(batchSweepOf(result).map(({ batchSize }) => batchSize)).toEqual([1, 10, 100, 1000]);
  expect(batchSweepOf(makeBenchmarkResult({ workloads: ['tiny', 'mid'] }))).toEqual([]);
});

it('looking does not change the order that a result has', () => {
  ladderOf(result);
  batchSweepOf(result);
  expect(result.workloads.map(({ name }) => name)[0]).toBe('xl');
});

it('backends are found in the order in which they are shown', () => {
  expect(backendsOf(result)).toEqual(['cpu-1', 'cpu', 'webgpu']);
});
