import { describe, expect, test } from 'vitest';

import {
  estimateMedian,
  estimatePairedRatio,
  estimateRatio,
  geometricMeans,
  median,
  quantile,
} from '../../src/benchmark/statistics.ts';
import { Random } from '../../src/network/random.ts';

test.each([
  [[3], 3],
  [[3, 1], 2],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle);
});

// numpy.quantile([15, 20, 35, 40, 50], q)
test.each([
  [0, 15],
  [0.25, 20],
  [0.4, 29],
  [0.9, 46],
  [1, 50],
])('the quantile %d of NumPy’s example is %d', (share, value) => {
  expect(quantile([50, 15, 40, 20, 35], share)).toBeCloseTo(value, 12);
});

describe('an estimate', () => {
  const rates = [101, 98, 102, 97, 103, 99, 100, 96, 104, 105];

  test('is the same for the same seed, and another for another', () => {
    expect(estimateMedian(rates, 3)).toEqual(estimateMedian(rates, 3));
    expect(estimateMedian(rates, 4)).not.toEqual(estimateMedian(rates, 3));
  });

  test('holds its middle, and has no width where nothing varies', () => {
    const { low, middle, high } = estimateMedian(rates);
    expect(middle).toBe(100.5);
    expect(low).toBeLessThan(100.5);
    expect(high).toBeGreaterThan(100.5);
    expect(estimateMedian([7, 7, 7])).toEqual({ middle: 7, low: 7, high: 7 });
  });

  test('of one value is that value', () => {
    expect(estimateMedian([5])).toEqual({ middle: 5, low: 5, high: 5 });
  });

  test('is not moved by an outlier', () => {
    const { low, high } = estimateMedian([...rates.slice(0, 9), 1]);
    expect(low).toBeGreaterThan(95);
    expect(high).toBeLessThan(105);
  });

  test('of a ratio does not see what slowed both sides of a round down', () => {
    const slow = [1, 0.5, 1, 0.25, 1, 0.5, 1, 1, 0.3, 1];
    const of = slow.map((share) => 200 * share);
    const over = slow.map((share) => 100 * share);
    expect(estimatePairedRatio(of, over)).toEqual({ middle: 2, low: 2, high: 2 });
    const { low, high } = estimateRatio(of, over);
    expect(low).toBeLessThan(1.5);
    expect(high).toBeGreaterThan(2.5);
  });
});

test('geometric means are taken round by round, each series in its own unit', () => {
  const means = geometricMeans(
    [
      [100, 400],
      [9, 1],
    ],
    [100, 1],
  );
  expect(means).toHaveLength(2);
  expect(means[0]).toBeCloseTo(3, 12);
  expect(means[1]).toBeCloseTo(2, 12);
});

/**
 * How often 95 % intervals of ten repeats hold what the repeats were drawn from. A right method lands between 93 and
 * 97 % of 2,000 runs with a probability above 0.9999.
 */
describe('the interval of ten repeats', { timeout: 120_000 }, () => {
  const runs = 2000;
  const repeats = 10;
  const random = new Random(2026, 0x57a7);
  // Each with the median that it has.
  const distributions: Readonly<Record<string, readonly [() => number, number]>> = {
    normal: [() => 100 + 8 * random.normal(), 100],
    // As throughputs are: a long tail to one side.
    lognormal: [() => Math.exp(0.3 * random.normal()), 1],
    exponential: [() => 1 - Math.log(random.uniform()), 1 + Math.log(2)],
  };
  const draw = (from: () => number) => Array.from({ length: repeats }, from);
  const coverage = (hit: (run: number) => boolean): number => {
    let hits = 0;
    for (let run = 0; run < runs; run++) if (hit(run)) hits++;
    return hits / runs;
  };

  test.each(Object.entries(distributions))('holds the median, %s', (_, [from, truth]) => {
    const held = coverage((run) => {
      const { low, high } = estimateMedian(draw(from), run);
      return low <= truth && truth <= high;
    });
    expect(held).toBeGreaterThanOrEqual(0.93);
    expect(held).toBeLessThanOrEqual(0.97);
  });

  test('holds the ratio of two sides that are disturbed together', () => {
    const held = coverage((run) => {
      const disturbance = draw(distributions.lognormal![0]);
      const side = (rate: number) =>
        disturbance.map((d) => rate * d * Math.exp(0.05 * random.normal()));
      const { low, high } = estimatePairedRatio(side(300), side(100), run);
      return low <= 3 && 3 <= high;
    });
    expect(held).toBeGreaterThanOrEqual(0.93);
    expect(held).toBeLessThanOrEqual(0.97);
  });

  test('holds the ratio of two runs', () => {
    const [from] = distributions.normal!;
    const held = coverage((run) => {
      const { low, high } = estimateRatio(draw(from), draw(from), run);
      return low <= 1 && 1 <= high;
    });
    expect(held).toBeGreaterThanOrEqual(0.93);
    expect(held).toBeLessThanOrEqual(0.97);
  });
});
