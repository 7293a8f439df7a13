/**
 * What can be said of noisy rates: medians, and how far a rerun may lie from them.
 *
 * Repeats that one worker makes one after the other resemble each other more than they resemble those of the next run:
 * memory lies where it lies, code was compiled as it was compiled. So the unit is the block, a few repeats in a fresh
 * worker with a fresh device, and an interval is made of the medians of the blocks, on a logarithmic scale.
 *
 * Blocks of one run still resemble each other: a machine drifts over minutes, which no run of half a minute can see. How far
 * was measured, by running one build again and again (docs/benchmark.md): about as far as blocks differ from each
 * other, and on all workloads alike. So an interval allows for both: for the noise of the blocks, which becomes less the more
 * blocks and workloads there are, and for the drift of the run as a whole, which does not.
 *
 * Both are estimated from a few blocks, hence Student's distribution instead of the normal one (Student, "The probable error of a
 * mean", Biometrika 6, 1908).
 */
import type { Estimate } from './result/schema.ts';

/** How far runs as a whole drift, by standard deviations of the blocks of a run: what `npm run bench:aa` found, rounded up. */
const drift = 1;

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

/** Block medians of one workload on one backend, values above 0. */
export type Blocks = readonly number[];

/**
 * The geometric mean of some series, block by block, with the interval in which that of a rerun is to be expected: 95 %. A single
 * block says nothing of a rerun; its interval is the block itself.
 * @param series one or more, each in its own unit, with at least one block each
 */
export function estimate(...series: readonly Blocks[]): Estimate {
  const summary = summarize(series);
  return interval(summary.middle, [summary]);
}

/** How many times `of` is `over`, block by block of the same run: what slowed both down does not count. */
export function estimatePairedRatio(of: Blocks, over: Blocks): Estimate {
  const blocks = Math.min(of.length, over.length);
  return estimate(Array.from({ length: blocks }, (_, block) => of[block]! / over[block]!));
}

/** How many times `of` is `over`, geometric means of series each, where the two were measured apart: in two runs. */
export function estimateRatio(of: readonly Blocks[], over: readonly Blocks[]): Estimate {
  const [above, below] = [summarize(of), summarize(over)];
  return interval(above.middle / below.middle, [above, below]);
}

/** Geometric means over several series, block by block: no single workload dominates. That of one series is the series. */
export function geometricMeans(series: readonly Blocks[]): Blocks {
  if (series.length === 1) return series[0]!;
  const blocks = Math.min(...series.map((values) => values.length));
  return Array.from({ length: blocks }, (_, block) =>
    Math.exp(mean(series.map((values) => Math.log(values[block]!)))),
  );
}

interface Summary {
  readonly middle: number;
  /** Of the logarithm of the middle, noise and drift. */
  readonly variance: number;
  /** How many differences between blocks the variance was estimated from. */
  readonly freedom: number;
}

function summarize(series: readonly Blocks[]): Summary {
  const means = geometricMeans(series);
  const blocks = means.length;
  // The median of normal values varies π/2 times as much as their mean does.
  const noise = (Math.PI / 2 / blocks) * deviationOfLogarithms(means) ** 2;
  const drifted = drift * mean(series.map(deviationOfLogarithms));
  return { middle: median(means), variance: noise + drifted ** 2, freedom: blocks - 1 };
}

/** @param parts whose middles, multiplied or divided, make this one; they are independent */
function interval(middle: number, parts: readonly Summary[]): Estimate {
  const variance = parts.reduce((sum, part) => sum + part.variance, 0);
  const freedom = parts.reduce((sum, part) => sum + part.freedom, 0);
  const factor = freedom === 0 ? 1 : Math.exp(studentQuantile(freedom) * Math.sqrt(variance));
  return { middle, low: middle / factor, high: middle * factor };
}

/** Sample standard deviation; 0 for a single value. */
function deviationOfLogarithms(values: Blocks): number {
  const logarithms = values.map(Math.log);
  const middle = mean(logarithms);
  const squares = logarithms.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Between minus and plus this lie 95 % of Student's distribution. @param freedom 1 or more */
function studentQuantile(freedom: number): number {
  const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
  // Beyond the table, the first terms of Fisher's expansion for large degrees of freedom, right to 0.003.
  return quantiles[freedom - 1] ?? 1.96 + 2.372 / freedom + 2.823 / freedom ** 2;
}
