import { expect, it } from 'vitest';

import { FormatError } from '../../src/errors.ts';
import { curveOf, valuesOfCurve } from '../../src/training/checkpoint.ts';
import { CostCurve } from '../../src/training/costCurve.ts';
import { errorOf } from '../support/failure.ts';

const report = (n: number) => ({ samples: 10, costSum: Math.sin(n) + 2, correct: n % 11 });

function reported(reports: number, from = 1, curve = new CostCurve()): CostCurve {
  for (let n = from; n <= reports; n++) curve.add(report(n), 5 * n);
  return curve;
}

it('keeps every report up to 4,096, and gives their own numbers', () => {
  const { points } = reported(4096);
  expect(points).toHaveLength(4096);
  points.forEach((point, i) => {
    const { samples, costSum, correct } = report(i + 1);
    const [cost, accuracy] = [costSum / samples, correct / samples];
    expect(point).toEqual({ step: 5 * (i + 1), samples, cost, accuracy });
  });
});

it.each([4097, 8192, 8193, 20_001, 40_000])(
  'merges %i reports into at most 4,096 points of equal length, whose means lose nothing',
  (count) => {
    const { points } = reported(count);
    expect(points.length).toBeLessThanOrEqual(4096);
    expect(points.length).toBeGreaterThan(2048);
    const width = points[0]!.samples;
    expect(new Set(points.slice(0, -1).map(({ samples }) => samples))).toEqual(new Set([width]));
    expect(points.at(-1)!.step).toBe(5 * count);
    let n = 0;
    for (const { step, samples, cost, accuracy } of points) {
      let [costSum, correct] = [0, 0];
      for (let left = samples; left > 0; left -= 10) {
        n++;
        costSum += report(n).costSum;
        correct += report(n).correct;
      }
      expect(step).toBe(5 * n);
      expect(cost).toBeCloseTo(costSum / samples, 12);
      expect(accuracy).toBe(correct / samples);
    }
    expect(n).toBe(count);
  },
);

it.each([1, 4095, 4096, 4097, 9000])('continues after %i reports with the same bits', (before) => {
  const stored = curveOf(valuesOfCurve(reported(before)));
  reported(20_000, before + 1, stored);
  expect(stored.rows).toEqual(reported(20_000).rows);
});

it('goes back to an earlier step, and on from there', () => {
  const curve = reported(10);
  curve.cutAfter(22);
  expect(curve.points.map(({ step }) => step)).toEqual([5, 10, 15, 20]);
  expect(reported(10, 5, curve).rows).toEqual(reported(10).rows);
});

it.each([
  ['a part of a point', [5, 1, 10, 1]],
  ['a step that is none', [0, 1, 10, 1, 1]],
  ['steps that go back', [5, 1, 10, 1, 1, 5, 1, 10, 1, 1]],
  ['more correct than there are', [5, 1, 10, 1, 11]],
  ['a cost that is none', [5, 1, 10, NaN, 1]],
  ['half a sample', [5, 1, 0.5, 1, 0]],
  ['points of different lengths', [5, 2, 10, 1, 1, 6, 1, 10, 1, 1, 7, 2, 10, 1, 1]],
  ['more points than a curve has', Array.from(Array(4097), (_, n) => [n + 1, 1, 1, 1, 1]).flat()],
])('refuses %s', (_, rows) => {
  errorOf(FormatError, () => curveOf(Float64Array.from(rows)));
});
