import { describe, expect, test } from 'vitest';

import {
  blockMedians,
  blockSizes,
  estimate,
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

describe('blocks', () => {
  test('have numbers of repeats as equal as possible', () => {
    expect(blockSizes(10, 5)).toEqual([2, 2, 2, 2, 2]);
    expect(blockSizes(7, 5)).toEqual([2, 2, 1, 1, 1]);
    expect(blockSizes(3, 3)).toEqual([1, 1, 1]);
  });

  test('have medians, including an incomplete last block', () => {
    expect(blockMedians([1, 3, 10, 20, 7], [2, 2, 2])).toEqual([2, 15, 7]);
    expect(blockMedians([1, 3], [2, 2, 2])).toEqual([2]);
  });
});

describe('an estimate', () => {
  test('is the median of the blocks with an interval that is symmetric on a logarithmic scale', () => {
    const { middle, low, high } = estimate([101, 98, 105, 97, 103]);
    expect(middle).toBeCloseTo(101, 9);
    expect(low).toBeLessThan(97);
    expect(high).toBeGreaterThan(105);
    expect(low * high).toBeCloseTo(middle ** 2, 6);
  });

  test('of equal blocks or of a single block is one value', () => {
    for (const blocks of [[7, 7, 7, 7, 7], [7]]) {
      const { middle, low, high } = estimate(blocks);
      expect(middle).toBeCloseTo(7, 12);
      for (const limit of [low, high]) expect(limit).toBeCloseTo(7, 12);
    }
  });

  test('does not depend on the unit', () => {
    const one = estimate([101, 98, 105], [3, 3.1, 3.3]);
    const other = estimate([1010, 980, 1050], [0.3, 0.31, 0.33]);
    for (const key of ['middle', 'low', 'high'] as const) {
      expect(other[key]).toBeCloseTo(one[key], 9);
    }
  });

  test('of a ratio ignores a slowdown of both in the same block', () => {
    const slow = [1, 0.5, 1, 0.25, 0.3];
    const of = slow.map((share) => 200 * share);
    const over = slow.map((share) => 100 * share);
    const { middle, low, high } = estimatePairedRatio(of, over);
    for (const value of [middle, low, high]) expect(value).toBeCloseTo(2, 9);
  });

  test('of a ratio of two runs shows that one is faster, unless the blocks differ by as much', () => {
    const blocks = [100, 101, 99, 102, 100];
    const faster = blocks.map((rate) => 1.1 * rate);
    expect(estimateRatio([faster], [blocks]).low).toBeGreaterThan(1);
    expect(estimateRatio([blocks], [faster]).high).toBeLessThan(1);
    const noisy = [100, 110, 90, 120, 100];
    expect(estimateRatio([faster], [noisy]).low).toBeLessThan(1);
  });
});

test('geometric means are taken block by block', () => {
  const means = geometricMeans([
    [1, 4],
    [9, 1],
  ]);
  expect(means).toHaveLength(2);
  expect(means[0]).toBeCloseTo(3, 12);
  expect(means[1]).toBeCloseTo(2, 12);
});

/**
 * How often intervals contain what they promise, in 4,000 simulated runs of two workloads. A run drifts as a whole, all its
 * workloads alike, and its blocks differ from each other.
 */
describe('the interval of five blocks', () => {
  const runs = 4000;
  const random = new Random(2026, 0x57a7);
  const exponential = () => -Math.log(random.uniform());
  // What blocks are multiplied with: each of median 1.
  const distributions: Readonly<Record<string, () => number>> = {
    normal: () => 1 + 0.05 * random.normal(),
    lognormal: () => Math.exp(0.2 * random.normal()),
    // As throughputs are: mostly fast, and now and then much slower.
    skewed: () => 1 / (1 + 0.1 * (exponential() - Math.LN2)),
  };
  // Drift, as multiples of how much blocks differ: that of a quiet machine, what was measured, and what is allowed for.
  const drifts = [0, 0.75, 1];
  const cases = Object.keys(distributions).flatMap((name) =>
    drifts.map((drift) => ({ name, drift })),
  );
  const draw = (name: string, drift: number): number[][] => {
    const blockOf = distributions[name]!;
    const whole = blockOf() ** drift;
    return [0, 1].map(() => Array.from({ length: 5 }, () => 100 * whole * blockOf()));
  };
  const share = (isHit: () => boolean): number => {
    let hits = 0;
    for (let run = 0; run < runs; run++) if (isHit()) hits++;
    return hits / runs;
  };

  test.each(cases)('contains the truth: $name, drift $drift', ({ name, drift }) => {
    const contained = share(() => {
      const { low, high } = estimate(...draw(name, drift));
      return low <= 100 && 100 <= high;
    });
    expect(contained).toBeGreaterThan(0.93);
  });

  test.each(cases)('of two runs contains 1: $name, drift $drift', ({ name, drift }) => {
    const contained = share(() => {
      const { low, high } = estimateRatio(draw(name, drift), draw(name, drift));
      return low <= 1 && 1 <= high;
    });
    expect(contained).toBeGreaterThan(0.94);
  });

  test('shows a difference of six times what the blocks differ by', () => {
    const shown = share(() => {
      const faster = draw('normal', 0.75).map((blocks) => blocks.map((rate) => 1.3 * rate));
      return estimateRatio(faster, draw('normal', 0.75)).low > 1;
    });
    expect(shown).toBeGreaterThan(0.8);
  });

  test('as a repeat alone would be taken for it, does not', () => {
    // What the blocks are for: ten repeats of one block, taken for ten blocks.
    const contained = share(() => {
      const block = distributions.normal!();
      const repeats = Array.from(
        { length: 10 },
        () => 100 * block * Math.exp(0.01 * random.normal()),
      );
      const { low, high } = estimate(repeats);
      return low <= 100 && 100 <= high;
    });
    expect(contained).toBeLessThan(0.4);
  });
});
