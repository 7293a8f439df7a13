/**
 * What can be said of noisy rates: medians, and intervals that make no assumption about how the noise is distributed.
 *
 * Repeats that one worker makes one after the other resemble each other more than they resemble those of the next run:
 * memory lies where it lies, code was compiled as it was compiled. So the unit is the block, a few repeats in a fresh
 * worker with a fresh device, and an interval is made of the medians of the blocks:
 *
 * - of one series, the interval of the sign test: the truth lies between two of the sorted values with a probability that
 *   follows from the binomial distribution alone (Conover, "Practical Nonparametric Statistics", section 3.1);
 * - of a ratio of two runs, that of Hodges and Lehmann: the median of the ratios of every block of the one to every block of
 *   the other, between two of the sorted ratios that the Mann-Whitney distribution gives (Hodges and Lehmann, "Estimates of
 *   location based on rank tests", Annals of Mathematical Statistics 34, 1963).
 *
 * `test/benchmark/statistics.test.ts` measures how often the intervals contain the truth.
 */
import type { Estimate } from './result/schema.ts';

/** How often an interval should contain the truth. */
export const confidence = 0.95;
/** Five blocks, from the slowest to the fastest, reach 93.75 %: near enough, and said so in docs/benchmark.md. */
const nearEnough = 0.93;

/** The middle value, or the mean of the two in the middle. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of the values lies, interpolated between neighbours: R's type 7, NumPy's default.
 * @param values at least one, in any order
 * @param share 0 to 1
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/**
 * How many repeats each block has: as equal as they can be, the larger ones first.
 * @param repeats at least `blocks`
 */
export function blockSizes(repeats: number, blocks: number): number[] {
  return Array.from({ length: blocks }, (_, block) => Math.ceil((repeats - block) / blocks));
}

/**
 * The median of each block.
 * @param values of all blocks, one after the other; a block at the end may be missing, or cut short
 * @param sizes of the blocks
 */
export function blockMedians(values: readonly number[], sizes: readonly number[]): number[] {
  const medians: number[] = [];
  let start = 0;
  for (const size of sizes) {
    const block = values.slice(start, start + size);
    if (block.length === 0) break;
    medians.push(median(block));
    start += size;
  }
  return medians;
}

/**
 * The median of some blocks with its interval. With fewer than five blocks the interval, from the slowest to the fastest,
 * contains the truth less often than 93 %: see {@link coverage}.
 * @param blocks values above 0, at least one
 */
export function estimate(blocks: readonly number[]): Estimate {
  const sorted = blocks.toSorted((a, b) => a - b);
  const skipped = skippedAtEachEnd(sorted.length);
  return { middle: median(sorted), low: sorted[skipped]!, high: sorted.at(-1 - skipped)! };
}

/** How many times `of` is `over`, block by block: what slowed both down in a block does not count. */
export function estimatePairedRatio(of: readonly number[], over: readonly number[]): Estimate {
  const blocks = Math.min(of.length, over.length);
  return estimate(Array.from({ length: blocks }, (_, block) => of[block]! / over[block]!));
}

/** How many times `of` is `over`, where the two were measured apart: on two machines, or in two runs. */
export function estimateRatio(of: readonly number[], over: readonly number[]): Estimate {
  const ratios = of.flatMap((a) => over.map((b) => a / b)).sort((a, b) => a - b);
  const skipped = skippedRatios(of.length, over.length);
  return { middle: median(ratios), low: ratios[skipped]!, high: ratios.at(-1 - skipped)! };
}

/** With what probability {@link estimate} of so many blocks contains the median that they are drawn from. */
export function coverage(blocks: number): number {
  return 1 - 2 * binomialBelow(blocks, skippedAtEachEnd(blocks));
}

/** Whether a ratio of so many blocks to so many can differ from 1 by more than chance. */
export function canTell(of: number, over: number): boolean {
  return 2 * rankSumShare(of, over, 0) <= 1 - confidence;
}

/**
 * Geometric means over several series, block by block, each series in its own unit: no single workload dominates.
 * @param series block medians of each
 * @param units the value that counts as 1, for each series
 */
export function geometricMeans(
  series: readonly (readonly number[])[],
  units: readonly number[],
): number[] {
  const blocks = Math.min(...series.map((values) => values.length));
  return Array.from({ length: blocks }, (_, block) => {
    const logarithms = series.map((values, n) => Math.log(values[block]! / units[n]!));
    return Math.exp(logarithms.reduce((sum, value) => sum + value, 0) / series.length);
  });
}

/** The most of the sorted values at each end that the interval can leave out. */
function skippedAtEachEnd(blocks: number): number {
  let skipped = 0;
  while (1 - 2 * binomialBelow(blocks, skipped + 1) >= nearEnough) skipped++;
  return skipped;
}

/** That at most `most` of `count` fair coins show heads. */
function binomialBelow(count: number, most: number): number {
  let term = 2 ** -count;
  let sum = 0;
  for (let heads = 0; heads <= most; heads++) {
    sum += term;
    term *= (count - heads) / (heads + 1);
  }
  return sum;
}

/** The most of the sorted ratios at each end that the interval can leave out. */
function skippedRatios(of: number, over: number): number {
  let skipped = 0;
  while (2 * rankSumShare(of, over, skipped + 1) <= 1 - confidence) skipped++;
  return skipped;
}

/**
 * How probable it is that at most `most` of the pairs of a value of the one and a value of the other are in the less
 * frequent order, where both are drawn from the same distribution: that of Mann and Whitney's U.
 */
function rankSumShare(of: number, over: number, most: number): number {
  // counts[u]: arrangements of the values so far with u such pairs.
  let counts: number[][] = Array.from({ length: over + 1 }, () => [1]);
  for (let i = 1; i <= of; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= over; j++) {
      // The largest of i + j values is one of the first group, above all j of the other, or one of the other.
      const above = counts[j]!;
      const other = next[j - 1]!;
      next.push(Array.from({ length: i * j + 1 }, (_, u) => (above[u - j] ?? 0) + (other[u] ?? 0)));
    }
    counts = next;
  }
  const all = counts[over]!;
  const total = all.reduce((sum, count) => sum + count, 0);
  return all.slice(0, most + 1).reduce((sum, count) => sum + count, 0) / total;
}
