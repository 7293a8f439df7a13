/**
 * What can be said of a handful of noisy times: medians, because one slow repeat must not count, and intervals by the
 * bootstrap, because nobody knows what the noise is distributed like.
 *
 * A plain bootstrap of the median can only give values that were measured, which of ten are few, and its intervals come
 * out too short: 93 % where 95 are meant. Each value drawn is therefore moved by a little noise: the smoothed bootstrap
 * (Silverman and Young, "The bootstrap: to smooth or not to smooth?", Biometrika 74, 1987).
 * `test/benchmark/statistics.test.ts` measures how often the intervals hold the truth.
 */
import { Random, streams } from '../network/random.ts';
import type { Estimate } from './result/schema.ts';

/** Draws of the bootstrap: the ends of an interval are then steady to a few percent of its length. */
const draws = 1000;

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of the values lies, interpolated between neighbours: R's type 7, which NumPy has too.
 * @param values one at least, in any order
 * @param share 0 to 1
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  return sortedQuantile(Float64Array.from(values).sort(), share);
}

function sortedQuantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** The median of rates with its 95 % interval. @param values one at least, greater than 0 */
export function estimateMedian(values: readonly number[], seed = 1): Estimate {
  return estimateOf([values], ([middle]) => middle!, seed);
}

/**
 * How many times `of` is `over`, with the 95 % interval: the median of the ratios round by round, so that what slowed both
 * of a round down does not count.
 * @param of as many values as `over`, by round
 */
export function estimatePairedRatio(
  of: readonly number[],
  over: readonly number[],
  seed = 1,
): Estimate {
  return estimateMedian(
    of.map((value, round) => value / over[round]!),
    seed,
  );
}

/** How many times the median of `of` is that of `over`, measured apart: on two machines, or in two runs. */
export function estimateRatio(of: readonly number[], over: readonly number[], seed = 1): Estimate {
  return estimateOf([of, over], ([a, b]) => a! / b!, seed);
}

/**
 * Geometric means over several series, round by round, each series over its own unit. Their median is a score that no
 * single workload dominates, and its interval that of the rounds.
 * @param series as many values in each, by round
 * @param units what a series counts 1 for, one a series
 */
export function geometricMeans(
  series: readonly (readonly number[])[],
  units: readonly number[],
): number[] {
  const rounds = Math.min(...series.map((values) => values.length));
  return Array.from({ length: rounds }, (_, round) => {
    const logarithms = series.map((values, n) => Math.log(values[round]! / units[n]!));
    return Math.exp(logarithms.reduce((sum, value) => sum + value, 0) / series.length);
  });
}

/** What follows from the medians of some samples that were taken independently, with its 95 % interval. */
function estimateOf(
  samples: readonly (readonly number[])[],
  statistic: (medians: readonly number[]) => number,
  seed: number,
): Estimate {
  const random = new Random(seed, streams.bootstrap);
  const resamplers = samples.map((values) => new Resampler(values, random, samples.length));
  const drawn = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    drawn[draw] = statistic(resamplers.map((resampler) => resampler.median()));
  }
  drawn.sort();
  const middle = statistic(samples.map(median));
  return {
    middle,
    low: Math.min(middle, sortedQuantile(drawn, 0.025)),
    high: Math.max(middle, sortedQuantile(drawn, 0.975)),
  };
}

/** Draws samples as large as one that was measured, from it, and gives their medians. */
class Resampler {
  readonly #values: readonly number[];
  readonly #random: Random;
  readonly #least: number;
  readonly #width: number;
  readonly #drawn: Float64Array;

  /** @param count samples that the statistic is of: what several medians give together needs less smoothing */
  constructor(values: readonly number[], random: Random, count: number) {
    this.#values = values;
    this.#random = random;
    this.#least = Math.min(...values);
    // The interquartile range of a normal distribution is 1.349 standard deviations; outliers do not move it.
    const spread = (quantile(values, 0.75) - quantile(values, 0.25)) / 1.349;
    // Uniform noise of a standard deviation of spread / √n.
    this.#width = (Math.sqrt(12) * spread) / (count * Math.sqrt(values.length));
    this.#drawn = new Float64Array(values.length);
  }

  median(): number {
    const drawn = this.#drawn;
    for (let n = 0; n < drawn.length; n++) {
      const value = this.#values[this.#random.integer(this.#values.length)]!;
      // Of rates: none is 0 or less, however wide the noise.
      drawn[n] = Math.max(this.#least / 2, value + this.#width * (this.#random.uniform() - 0.5));
    }
    drawn.sort();
    return sortedQuantile(drawn, 0.5);
  }
}
