/**
 * Medians of noisy rates, and intervals that cover a rerun.
 *
 * Repeats in one worker share memory layout and compiled code, so they resemble each other more than repeats of another
 * run. The unit is therefore the block: a few repeats in a fresh worker with a fresh device. An interval is computed from
 * the medians of the blocks on a logarithmic scale.
 *
 * Blocks of one run still resemble each other, since a machine drifts over minutes. Repeated runs of one build showed that
 * the drift is about as large as the differences between blocks, and the same on all workloads (docs/benchmark.md). An
 * interval allows for the noise of the blocks, which shrinks with more blocks and workloads, and for the drift, which
 * does not.
 *
 * Both are estimated from a few blocks, so Student's distribution replaces the normal one (Student, "The probable error
 * of a mean", Biometrika 6, 1908).
 */
import type { Estimate } from './result/schema.ts';

/** Drift between runs in standard deviations of the blocks of a run, measured with `npm run bench:aa` and rounded up. */
const drift = 1;

/** The middle value, or the mean of the two middle values. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/**
 * The quantile for a share of the values, interpolated between neighbours: R's type 7, NumPy's default.
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
 * The number of repeats of each block, as equal as possible, larger ones first.
 * @param repeats at least `blocks`
 */
export function blockSizes(repeats: number, blocks: number): number[] {
  return Array.from({ length: blocks }, (_, block) => Math.ceil((repeats - block) / blocks));
}

/**
 * The median of each block.
 * @param values of all blocks in sequence; the last blocks may be missing or incomplete
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
 * The geometric mean of several series, block by block, with a 95 % interval for a rerun. A single block does not show how
 * much a rerun differs, so its interval is the block itself.
 * @param series one or more, each in its own unit, with at least one block each
 */
export function estimate(...series: readonly Blocks[]): Estimate {
  const summary = summarize(series);
  return interval(summary.middle, [summary]);
}

/** The ratio of two series of one run, block by block: a slowdown of both cancels out. */
export function estimatePairedRatio(of: Blocks, over: Blocks): Estimate {
  const blocks = Math.min(of.length, over.length);
  return estimate(Array.from({ length: blocks }, (_, block) => of[block]! / over[block]!));
}

/** The ratio of the geometric means of series from two runs. */
export function estimateRatio(of: readonly Blocks[], over: readonly Blocks[]): Estimate {
  const [above, below] = [summarize(of), summarize(over)];
  return interval(above.middle / below.middle, [above, below]);
}

/** Geometric means over several series, block by block, so that no workload dominates. */
export function geometricMeans(series: readonly Blocks[]): Blocks {
  if (series.length === 1) return series[0]!;
  const blocks = Math.min(...series.map((values) => values.length));
  return Array.from({ length: blocks }, (_, block) =>
    Math.exp(mean(series.map((values) => Math.log(values[block]!)))),
  );
}

interface Summary {
  readonly middle: number;
  /** Variance of the logarithm of the middle: noise and drift. */
  readonly variance: number;
  /** Degrees of freedom of the variance. */
  readonly freedom: number;
}

function summarize(series: readonly Blocks[]): Summary {
  const means = geometricMeans(series);
  const blocks = means.length;
  // The variance of the median of normal values is π/2 times that of their mean.
  const noise = (Math.PI / 2 / blocks) * deviationOfLogarithms(means) ** 2;
  const drifted = drift * mean(series.map(deviationOfLogarithms));
  return { middle: median(means), variance: noise + drifted ** 2, freedom: blocks - 1 };
}

/** @param parts independent summaries whose product or quotient is `middle` */
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

/** 95 % of Student's distribution lie within ± this value. @param freedom 1 or more */
function studentQuantile(freedom: number): number {
  const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
  // Beyond the table: the first terms of Fisher's expansion, accurate to 0.003.
  return quantiles[freedom - 1] ?? 1.96 + 2.372 / freedom + 2.823 / freedom ** 2;
}
