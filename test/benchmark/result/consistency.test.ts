import { describe, expect, it } from 'vitest';

import { findContradiction } from '../../../src/benchmark/result/consistency.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();
const series = ['workloads', 0, 'series', 1] as const;
const { middle, high } = result.workloads[0]!.series[1]!.estimate;

it('an unedited result has no contradiction', () => {
  for (const made of [
    {},
    { repeats: 3 },
    { repeats: 4, seed: 9 },
    { workloads: ['batch-1'] } as const,
  ]) {
    expect(findContradiction(makeBenchmarkResult(made))).toBeUndefined();
  }
});

it('a stopped run may have fewer workloads than its settings', () => {
  const stopped = {
    ...resultWith(result, ['workloads', 4], undefined),
    scores: [],
    flags: [{ kind: 'stopped', message: 'It was stopped.', isVoid: true }],
  } as const;
  expect(findContradiction(stopped)).toBeUndefined();
});

it('rounding is not a contradiction', () => {
  const path = [...series, 'estimate', 'middle'];
  expect(findContradiction(resultWith(result, path, middle * 1.0002))).toBeUndefined();
});

describe('a contradiction is', () => {
  it.each<[string, readonly (string | number)[], unknown, string]>([
    [
      'an edited estimate',
      [...series, 'estimate'],
      { middle: 9e5, low: 8e5, high: 1e6 },
      `backend 'cpu' of workload 'tiny' is 900000, but the median of its blocks is ${middle}`,
    ],
    [
      'edited repeats',
      [...series, 'samplesPerSecond'],
      result.workloads[0]!.series[1]!.samplesPerSecond.map((rate) => 2 * rate),
      'but the median of its blocks is',
    ],
    [
      'an interval that excludes its middle',
      [...series, 'estimate', 'low'],
      high,
      "backend 'cpu' of workload 'tiny' is",
    ],
    ['a reversed interval', ['scores', 0, 'high'], 1, "the score of 'cpu-1' is"],
    [
      'an edited ratio',
      ['workloads', 1, 'ratios', 0],
      { of: 'webgpu', over: 'cpu', middle: 40, low: 30, high: 50 },
      "the ratio of 'webgpu' to 'cpu' of workload 'mid' is 40",
    ],
    [
      'a ratio to a backend that did not run',
      ['workloads', 1, 'ratios', 0, 'over'],
      'jax-wasm',
      'names a backend that did not run',
    ],
    ['a workload twice', ['workloads', 1], result.workloads[0], "workloads contain 'tiny' twice"],
    [
      'a workload that is not in the settings',
      ['settings', 'workloads', 0],
      'other',
      "workload 'tiny' is not in the settings",
    ],
    [
      'a backend that is not in the settings',
      ['settings', 'backends'],
      ['cpu', 'webgpu'],
      "backend 'cpu-1' of workload 'tiny' is not in the settings",
    ],
    [
      'a backend twice',
      [...series, 'backend'],
      'webgpu',
      "the backends of workload 'tiny' contain 'webgpu' twice",
    ],
    [
      'more repeats than the settings have',
      ['settings', 'repeats'],
      9,
      'has 10 repeats; the settings have 9',
    ],
    [
      'more blocks than repeats',
      ['settings', 'blocks'],
      11,
      'settings have 11 blocks for 10 repeats',
    ],
    ['no repeats', [...series, 'samplesPerSecond'], [], 'has 0 repeats'],
    [
      'a network of another size',
      ['workloads', 0, 'parameterCount'],
      13_003,
      "workload 'tiny' has 13003 parameters; layers 784-16-16-10 have 13002",
    ],
    [
      'a verification that failed',
      ['workloads', 0, 'verification', 'costDrift'],
      0.5,
      "workload 'tiny' is verified with an error",
    ],
    [
      'an error smaller than its tensors have',
      ['workloads', 0, 'verification', 'worst'],
      0.001,
      "the worst error of workload 'tiny' is 0.001, but the worst of its tensors is",
    ],
    [
      'an edited score',
      ['scores', 2],
      { ...result.scores[2], low: 8999, middle: 9000, high: 9001 },
      "the score of 'webgpu' is 9000, but the value computed from its repeats is",
    ],
    [
      'a score over more than ran',
      ['scores', 0, 'workloads', 4],
      'huge',
      "the score of 'cpu-1' is 'cpu, complete, over tiny, mid, large, xl, huge'; the run measured 'cpu, complete, over tiny, mid, large, xl'",
    ],
    [
      'a score over a part',
      ['scores', 0, 'isComplete'],
      false,
      "the score of 'cpu-1' is 'cpu, partial, over tiny, mid, large, xl'; the run measured 'cpu, complete,",
    ],
    [
      'a score of another backend',
      ['scores', 0, 'backend'],
      'jax',
      "the score of 'jax' is of a backend that ran no scored workload",
    ],
    [
      'a score of an unverified workload',
      ['workloads', 3, 'verification'],
      undefined,
      "counts workload 'xl', which is not verified",
    ],
    [
      'a score of another class',
      ['environment', 'adapter', 'isSoftware'],
      true,
      "the score of 'webgpu' is 'hardware, complete, over tiny, mid, large, xl'; the run measured 'software,",
    ],
    ['a score twice', ['scores', 0, 'backend'], 'cpu', "scores contain 'cpu' twice"],
    [
      'a score that a flag voids',
      ['flags', 0, 'isVoid'],
      true,
      "the score of 'cpu' is present although a flag 'not-steady' voids it",
    ],
    [
      'a flag of a workload that is not in the settings',
      ['flags', 0, 'workload'],
      'huge',
      "a flag 'not-steady' names workload 'huge'",
    ],
    [
      'a time to an accuracy that was not reached',
      ['timesToAccuracy', 0, 'accuracy'],
      0.9,
      'is 0.41 s; the best accuracy was 0.9',
    ],
    [
      'a crossover without its place',
      ['crossover', 'parameters'],
      undefined,
      "the crossover is 'between' without a parameter count",
    ],
    [
      'a place of a crossover that does not exist',
      ['crossover', 'kind'],
      'never',
      "the crossover is 'never' with a parameter count",
    ],
  ])('%s', (_, path, value, sentence) => {
    expect(findContradiction(resultWith(result, path, value))).toContain(sentence);
  });
});
