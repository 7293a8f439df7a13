import { describe, expect, test } from 'vitest';

import { findCrossover } from '../../src/benchmark/crossover.ts';
import { referenceMachine, scoredWorkloads, scoreOf } from '../../src/benchmark/score.ts';
import { estimate } from '../../src/benchmark/statistics.ts';
import { formatVersion, type WorkloadResult } from '../../src/benchmark/result/schema.ts';

const { samplesPerSecond: unit } = referenceMachine;

/** The part of a workload that scores and crossovers read. */
function workload(
  name: string,
  parts: {
    readonly cpu?: readonly number[];
    readonly gpu?: readonly number[];
    readonly parameters?: number;
    readonly speedUp?: number;
  },
): WorkloadResult {
  const series = [
    ...(parts.cpu ? [{ backend: 'cpu', samplesPerSecond: parts.cpu }] : []),
    ...(parts.gpu ? [{ backend: 'webgpu', samplesPerSecond: parts.gpu }] : []),
  ];
  const ratios =
    parts.speedUp === undefined ? [] : [{ of: 'webgpu', over: 'cpu', middle: parts.speedUp }];
  return { name, parameterCount: parts.parameters, series, ratios } as unknown as WorkloadResult;
}

describe('a score', () => {
  test('of the reference machine is 1000', () => {
    const results = Object.entries(unit).map(([name, rate]) =>
      workload(name, { cpu: Array<number>(10).fill(rate) }),
    );
    const score = scoreOf('cpu', results, false, [2, 2, 2, 2, 2])!;
    expect(score.middle).toBeCloseTo(1000, 9);
    expect(score.low).toBeCloseTo(1000, 9);
    expect(score).toMatchObject({ workloads: scoredWorkloads, isComplete: true, class: 'cpu' });
  });

  test('is a geometric mean: twice and half as fast gives 1000', () => {
    const results = [
      workload('tiny', { gpu: [2 * unit.tiny, 2 * unit.tiny] }),
      workload('mid', { gpu: [unit.mid / 2, unit.mid / 2] }),
    ];
    const score = scoreOf('webgpu', results, false, [1, 1])!;
    expect(score.middle).toBeCloseTo(1000, 9);
    expect(score).toMatchObject({
      workloads: ['tiny', 'mid'],
      isComplete: false,
      class: 'hardware',
      tier: 'base',
    });
  });

  test('has an interval from its block medians', () => {
    // Medians 50, 95, 100, 103 and 110.
    const rates = [90, 10, 95, 95, 95, 96, 100, 100, 99, 103, 103, 999, 110, 110, 5];
    const results = [workload('xl', { cpu: rates.map((rate) => (rate * unit.xl) / 100) })];
    const { low, middle, high } = scoreOf('cpu', results, false, [2, 4, 3, 3, 3])!;
    const expected = estimate([500, 950, 1000, 1030, 1100]);
    expect(low).toBeCloseTo(expected.low, 9);
    expect(middle).toBeCloseTo(1000, 9);
    expect(high).toBeCloseTo(expected.high, 9);
  });

  test('of a software adapter has its own class', () => {
    const results = [workload('tiny', { gpu: [1, 1] })];
    expect(scoreOf('webgpu', results, true, [1, 1])!.class).toBe('software');
  });

  test('excludes mini-batch workloads, and is undefined without scored workloads', () => {
    expect(scoreOf('cpu', [workload('batch-10', { cpu: [1, 1] })], false, [1, 1])).toBeUndefined();
    expect(scoreOf('cpu', [workload('tiny', { gpu: [1, 1] })], false, [1, 1])).toBeUndefined();
    expect(scoreOf('cpu', [], false, [1, 1])).toBeUndefined();
  });
});

describe('the crossover', () => {
  const ladder = (...speedUps: readonly number[]) =>
    speedUps.map((speedUp, n) =>
      workload(['tiny', 'mid', 'large', 'xl'][n]!, { parameters: 10 ** (4 + n), speedUp }),
    );

  test('is between the last network on which the CPU is faster and the next one', () => {
    // On logarithmic scales, 1 is half way from 1/4 to 4.
    const { kind, parameters } = findCrossover(ladder(0.1, 0.25, 4, 9))!;
    expect(kind).toBe('between');
    expect(parameters).toBeCloseTo(10 ** 5.5, 3);
  });

  test('is where the GPU stays faster, even if it was faster before', () => {
    expect(findCrossover(ladder(2, 0.5, 2, 3))!.parameters).toBeCloseTo(10 ** 5.5, 3);
  });

  test('does not exist if one of the two is always faster', () => {
    expect(findCrossover(ladder(2, 3, 4))).toEqual({ kind: 'always' });
    expect(findCrossover(ladder(0.5, 0.9, 0.99))).toEqual({ kind: 'never' });
    expect(findCrossover(ladder(2, 3, 0.9))).toEqual({ kind: 'never' });
  });

  test('is unknown for one network, and ignores mini-batch workloads', () => {
    expect(findCrossover(ladder(2))).toBeUndefined();
    const batch = workload('batch-10', { parameters: 10, speedUp: 0.1 });
    expect(findCrossover([batch, ...ladder(2, 3)])).toEqual({ kind: 'always' });
  });
});

test('a change of the reference or of the scored workloads needs a new format version', () => {
  // Readers compare scores of equal format versions.
  expect({ formatVersion, scoredWorkloads, unit }).toEqual({
    formatVersion: 3,
    scoredWorkloads: ['tiny', 'mid', 'large', 'xl'],
    unit: { tiny: 568_515, mid: 211_768, large: 21_247, xl: 6_613 },
  });
});
