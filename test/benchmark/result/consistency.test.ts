import { describe, expect, it } from 'vitest';

import { findContradiction } from '../../../src/benchmark/result/consistency.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();
const series = ['workloads', 0, 'series', 1] as const;
const { middle, high } = result.workloads[0]!.series[1]!.estimate;

it('a result that is as it was measured has none', () => {
  for (const made of [
    {},
    { repeats: 3 },
    { repeats: 4, seed: 9 },
    { workloads: ['batch-1'] } as const,
  ]) {
    expect(findContradiction(makeBenchmarkResult(made))).toBeUndefined();
  }
});

it('a run that was stopped has fewer workloads than it set out to, and is right all the same', () => {
  const stopped = {
    ...resultWith(result, ['workloads', 4], undefined),
    scores: [],
    flags: [{ kind: 'stopped', message: 'It was stopped.', isVoid: true }],
  } as const;
  expect(findContradiction(stopped)).toBeUndefined();
});

it('figures in links are rounded, which is no contradiction', () => {
  const path = [...series, 'estimate', 'middle'];
  expect(findContradiction(resultWith(result, path, middle * 1.0002))).toBeUndefined();
});

describe('found is', () => {
  it.each<[string, readonly (string | number)[], unknown, string]>([
    [
      'an estimate that was improved',
      [...series, 'estimate'],
      { middle: 9e5, low: 8e5, high: 1e6 },
      `the estimate of backend 'cpu' of workload 'tiny' is 900000, and the median of its blocks is ${middle}`,
    ],
    [
      'a repeat that was improved',
      [...series, 'samplesPerSecond'],
      result.workloads[0]!.series[1]!.samplesPerSecond.map((rate) => 2 * rate),
      'and the median of its blocks is',
    ],
    [
      'an interval beside its middle',
      [...series, 'estimate', 'low'],
      high,
      "backend 'cpu' of workload 'tiny' is",
    ],
    [
      'an interval the wrong way round',
      ['scores', 0, 'high'],
      1,
      "the score of backend 'cpu-1' is",
    ],
    [
      'a ratio that was improved',
      ['workloads', 1, 'ratios', 0],
      { of: 'webgpu', over: 'cpu', middle: 40, low: 30, high: 50 },
      "the ratio of 'webgpu' to 'cpu' of workload 'mid' is 40",
    ],
    [
      'a ratio to who did not run',
      ['workloads', 1, 'ratios', 0, 'over'],
      'jax-wasm',
      'is of a backend that did not run',
    ],
    ['a workload twice', ['workloads', 1], result.workloads[0], "the workloads have 'tiny' twice"],
    [
      'a workload that was not set',
      ['settings', 'workloads', 0],
      'other',
      "workload 'tiny' is not among the workloads of settings",
    ],
    [
      'a backend that was not set',
      ['settings', 'backends'],
      ['cpu', 'webgpu'],
      "backend 'cpu-1' of workload 'tiny' is not among the backends of settings",
    ],
    [
      'a backend twice',
      [...series, 'backend'],
      'webgpu',
      "the backends of workload 'tiny' have 'webgpu' twice",
    ],
    [
      'more repeats than were set',
      ['settings', 'repeats'],
      9,
      'has 10 repeats, and settings have 9',
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
      "workload 'tiny' has 13003 parameters, and layers 784-16-16-10 have 13002",
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
      "the worst error of workload 'tiny' is 0.001, and the worst of its tensors is",
    ],
    [
      'a score that was improved',
      ['scores', 2],
      { ...result.scores[2], low: 8999, middle: 9000, high: 9001 },
      "the score of backend 'webgpu' is 9000, and what follows from its repeats is",
    ],
    [
      'a score over more than ran',
      ['scores', 0, 'workloads', 4],
      'huge',
      "the score of backend 'cpu-1' is over 'tiny, mid, large, xl, huge', and 'tiny, mid, large, xl' ran",
    ],
    [
      'a score over a part',
      ['scores', 0, 'isComplete'],
      false,
      "the score of backend 'cpu-1' is a part of a run's of class 'cpu', and a whole run's of class 'cpu' was measured",
    ],
    [
      'a score of another backend',
      ['scores', 0, 'backend'],
      'jax',
      "the score of backend 'jax' is of a backend that ran no workload that counts",
    ],
    [
      'a score of what is not verified',
      ['workloads', 3, 'verification'],
      undefined,
      "counts workload 'xl', which is not verified",
    ],
    [
      'a score of another class',
      ['environment', 'adapter', 'isSoftware'],
      true,
      "the score of backend 'webgpu' is a whole run's of class 'hardware', and a whole run's of class 'software' was measured",
    ],
    ['a score twice', ['scores', 0, 'backend'], 'cpu', "the backends of scores have 'cpu' twice"],
    [
      'a score in spite of a flag',
      ['flags', 0, 'isVoid'],
      true,
      "the score of backend 'cpu' is there, and a flag 'not-steady' voids it",
    ],
    [
      'a flag for what was not set',
      ['flags', 0, 'workload'],
      'huge',
      "a flag 'not-steady' is for workload 'huge'",
    ],
    [
      'a time to what was not reached',
      ['timesToAccuracy', 0, 'accuracy'],
      0.9,
      'is 0.41 s, and the best accuracy was 0.9',
    ],
    [
      'a crossover at no place',
      ['crossover', 'parameters'],
      undefined,
      "the crossover is 'between' without a number of parameters",
    ],
    [
      'a crossover that is nowhere, at a place',
      ['crossover', 'kind'],
      'never',
      "the crossover is 'never' with a number of parameters",
    ],
  ])('%s', (_, path, value, sentence) => {
    expect(findContradiction(resultWith(result, path, value))).toContain(sentence);
  });
});
