import { describe, expect, it } from 'vitest';

import { isSound, problemsOf } from '../../../src/cli/bench/problems.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

const whole = makeBenchmarkResult();

it('a verified and complete run is sound, even if a backend was not steady', () => {
  expect(whole.flags.map(({ kind, isVoid }) => [kind, isVoid])).toEqual([['not-steady', false]]);
  expect(problemsOf(whole)).toEqual([]);
  expect(isSound(whole)).toBe(true);
});

it('a GPU-only workload and a failed library are not missing', () => {
  const huge = makeBenchmarkResult({ workloads: ['huge'] });
  const gpuAlone = huge.workloads[0]!.series.slice(2);
  const alone = resultWith(huge, ['workloads', 0, 'series'], gpuAlone);
  const beside = resultWith(alone, ['settings', 'backends', 3], 'jax-wasm');
  expect(problemsOf(beside)).toEqual([]);
});

describe('a run is not sound', () => {
  it('when a workload is not verified', () => {
    const wrong = resultWith(whole, ['workloads', 1, 'verification', 'isVerified'], false);
    expect(isSound(wrong)).toBe(false);
  });

  it('when a flag voids it', () => {
    const hidden = { kind: 'hidden', message: 'The page was hidden.', isVoid: true };
    expect(isSound(resultWith(whole, ['flags'], [hidden]))).toBe(false);
  });

  it('when there was no GPU, and says how to do without one', () => {
    const none = resultWith(whole, ['environment', 'noAdapter'], 'There is no adapter here.');
    expect(problemsOf(none)).toEqual([
      'Not verified: there was no GPU. To measure the CPU only, use --backends cpu-1 cpu.',
    ]);
    expect(isSound(none)).toBe(false);
  });

  it('when something is missing', () => {
    const without = resultWith(whole, ['workloads', 3], undefined);
    const fewer = resultWith(without, ['workloads', 0, 'series', 1], undefined);
    expect(problemsOf(fewer)).toEqual(['Incomplete: tiny on CPU; xl.']);
    expect(isSound(fewer)).toBe(false);
  });

  it('when the GPU ran without verification', () => {
    const unchecked = resultWith(whole, ['workloads', 2, 'verification'], undefined);
    expect(problemsOf(unchecked)).toEqual(['Not verified: large.']);
    expect(isSound(unchecked)).toBe(false);
  });

  it('when it was stopped, which its flag says', () => {
    const flag = { kind: 'stopped', message: 'The run was stopped.', isVoid: true };
    const stopped = resultWith(resultWith(whole, ['workloads', 3], undefined), ['flags'], [flag]);
    expect(problemsOf(stopped)).toEqual([]);
    expect(isSound(stopped)).toBe(false);
  });
});

it('a run of the CPU only is sound without a GPU', () => {
  let alone = resultWith(whole, ['settings', 'backends'], ['cpu-1', 'cpu']);
  for (const w of whole.workloads.keys()) {
    alone = resultWith(alone, ['workloads', w, 'series', 2], undefined);
    alone = resultWith(alone, ['workloads', w, 'verification'], undefined);
  }
  expect(problemsOf(alone)).toEqual([]);
  expect(isSound(alone)).toBe(true);
});
