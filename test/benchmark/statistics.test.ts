import { describe, expect, test } from 'vitest';

import {
  blockMedians,
  blockSizes,
  canTell,
  coverage,
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

describe('repeats in blocks', () => {
  test('are spread as evenly as they can be', () => {
    expect(blockSizes(10, 5)).toEqual([2, 2, 2, 2, 2]);
    expect(blockSizes(7, 5)).toEqual([2, 2, 1, 1, 1]);
    expect(blockSizes(3, 3)).toEqual([1, 1, 1]);
  });

  test('have a median each, also where the last block was cut short', () => {
    expect(blockMedians([1, 3, 10, 20, 7], [2, 2, 2])).toEqual([2, 15, 7]);
    expect(blockMedians([1, 3], [2, 2, 2])).toEqual([2]);
  });
});

describe('an estimate', () => {
  test('of five blocks goes from the slowest to the fastest', () => {
    expect(estimate([101, 98, 105, 97, 103])).toEqual({ middle: 101, low: 97, high: 105 });
    expect(estimate([7, 7, 7, 7, 7])).toEqual({ middle: 7, low: 7, high: 7 });
  });

  test('of many blocks leaves the outermost out', () => {
    const blocks = Array.from({ length: 20 }, (_, n) => n + 1);
    // P(at most 5 of 20 coins) = 2.07 %: 95.9 % between the 6th and the 15th. (Conover, table A3.)
    expect(estimate(blocks)).toEqual({ middle: 10.5, low: 6, high: 15 });
    expect(coverage(20)).toBeCloseTo(0.9586, 4);
  });

  test('says how surely it contains the truth', () => {
    expect([1, 2, 3, 4, 5].map(coverage)).toEqual([0, 0.5, 0.75, 0.875, 0.9375]);
  });

  test('of a ratio does not see what slowed both sides of a block down', () => {
    const slow = [1, 0.5, 1, 0.25, 0.3];
    const of = slow.map((share) => 200 * share);
    const over = slow.map((share) => 100 * share);
    expect(estimatePairedRatio(of, over)).toEqual({ middle: 2, low: 2, high: 2 });
  });

  test('of a ratio of two runs is that of Hodges and Lehmann', () => {
    // The 25 ratios, of which the third from either end bounds the interval: P(U ≤ 2) = 1.6 % of 252 arrangements.
    const [of, over] = [
      [2, 4, 8, 16, 32],
      [1, 2, 4, 8, 16],
    ] as const;
    expect(estimateRatio(of, over)).toEqual({ middle: 2, low: 0.25, high: 16 });
  });

  test('of two runs of which one is throughout faster shows that, once there are four blocks each', () => {
    const low = [1, 2, 3, 4];
    const high = [5, 6, 7, 8];
    expect(estimateRatio(high, low).low).toBeGreaterThan(1);
    expect(canTell(4, 4)).toBe(true);
    // Of 20 arrangements of three and three, two are as extreme: one in ten, whatever the values.
    expect(canTell(3, 3)).toBe(false);
    expect(estimateRatio(high.slice(0, 3), low.slice(0, 3)).low).toBeGreaterThan(1);
  });
});

test('geometric means are taken block by block, each series in its own unit', () => {
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
 * How often intervals contain what the blocks were drawn from. Blocks differ by more than the repeats within them do, as those
 * of real runs. A right method is within 1.5 % of its promise in 4,000 runs with a probability above 0.999.
 */
describe('the interval of five blocks of two repeats', () => {
  const runs = 4000;
  const random = new Random(2026, 0x57a7);
  const exponential = () => -Math.log(random.uniform());
  // What blocks are multiplied with: each of median 1.
  const distributions: Readonly<Record<string, () => number>> = {
    normal: () => 1 + 0.08 * random.normal(),
    lognormal: () => Math.exp(0.3 * random.normal()),
    // As throughputs are: mostly fast, and now and then much slower.
    skewed: () => 1 / (1 + 0.2 * (exponential() - Math.LN2)),
  };
  const draw = (blockOf: () => number) =>
    Array.from({ length: 5 }, () => {
      const block = blockOf();
      return [0, 1].map(() => 100 * block * Math.exp(0.02 * random.normal()));
    });
  const mediansOf = (blocks: readonly (readonly number[])[]) =>
    blockMedians(blocks.flat(), blockSizes(10, 5));
  const share = (isHit: () => boolean): number => {
    let hits = 0;
    for (let run = 0; run < runs; run++) if (isHit()) hits++;
    return hits / runs;
  };

  test.each(Object.entries(distributions))('contains the median, %s', (_, blockOf) => {
    const contained = share(() => {
      const { low, high } = estimate(mediansOf(draw(blockOf)));
      return low <= 100 && 100 <= high;
    });
    expect(Math.abs(contained - coverage(5))).toBeLessThan(0.015);
  });

  test.each(Object.entries(distributions))('of two runs contains their ratio, %s', (_, blockOf) => {
    const contained = share(() => {
      const { low, high } = estimateRatio(mediansOf(draw(blockOf)), mediansOf(draw(blockOf)));
      return low <= 1 && 1 <= high;
    });
    // 1 − 2 · 4/252: arrangements of five and five whose U is at most 2.
    expect(Math.abs(contained - (1 - 8 / 252))).toBeLessThan(0.012);
  });

  test('as a repeat alone would be taken for it, does not', () => {
    // What the blocks are for: ten repeats of one block, taken for ten blocks.
    const contained = share(() => {
      const block = distributions.normal!();
      const repeats = Array.from(
        { length: 10 },
        () => 100 * block * Math.exp(0.02 * random.normal()),
      );
      const { low, high } = estimate(repeats);
      return low <= 100 && 100 <= high;
    });
    expect(contained).toBeLessThan(0.3);
  });
});
