/** Which of two results is faster, by how much, and how sure that is. */
import { blockMedians, blockSizes, estimateRatio, type Blocks } from '../statistics.ts';
import { findObstacles, findReservations } from './comparability.ts';
import type { BenchmarkResult, Estimate, Series, BackendName } from './schema.ts';
import { isOwn, backends as allBackends } from './backends.ts';

/** What an interval says: all of it above 1, all of it below, or neither. That is not to say that both are equal. */
export type ComparisonVerdict = 'faster' | 'slower' | 'no difference';

/** How many times as fast the second result is as the first, with the 95 % interval. */
export interface SpeedRatio extends Estimate {
  /** Missing where the two are not comparable. */
  readonly verdict?: ComparisonVerdict;
}

export interface BackendComparison extends SpeedRatio {
  readonly workload: string;
  readonly backend: BackendName;
  /** Samples/s of the first and of the second, medians. */
  readonly before: number;
  readonly after: number;
}

export interface Comparison {
  /** By workload as the first result has them, then by backend. */
  readonly pairs: readonly BackendComparison[];
  /** Geometric means over the workloads that both have, one a backend. */
  readonly backends: readonly (SpeedRatio & { readonly backend: BackendName })[];
  /** The geometric mean over all pairs of nudge's own backends; missing where there is none. */
  readonly overall?: SpeedRatio;
  /** Whether a ratio of the two says anything about speed. */
  readonly isComparable: boolean;
  /** In sentences: what stands against a verdict, then what to bear in mind with it. */
  readonly warnings: readonly string[];
}

/**
 * Compares two results.
 *
 * The two were measured apart, minutes or months: `estimateRatio` allows for the drift between them.
 * @param before results as {@link readResult} gives them
 */
export function compareResults(before: BenchmarkResult, after: BenchmarkResult): Comparison {
  const matched = matchSeries(before, after);
  // Other libraries do not get faster with nudge, and would hide that it did.
  const own = matched.filter(({ backend }) => isOwn(backend));
  const obstacles = findObstacles(before, after, own.length);
  const isComparable = obstacles.length === 0;
  const judge = (estimate: Estimate): SpeedRatio =>
    isComparable ? { ...estimate, verdict: verdictOf(estimate) } : estimate;
  const compare = (some: readonly Match[]) => judge(estimateMatches(some));
  return {
    pairs: matched.map((match) => ({
      workload: match.workload,
      backend: match.backend,
      before: match.series[0].estimate.middle,
      after: match.series[1].estimate.middle,
      ...compare([match]),
    })),
    backends: allBackends.flatMap((backend) => {
      const some = matched.filter((one) => one.backend === backend);
      return some.length === 0 ? [] : [{ backend, ...compare(some) }];
    }),
    ...(own.length > 0 && { overall: compare(own) }),
    isComparable,
    warnings: [...obstacles, ...findReservations(before, after)],
  };
}

interface Match {
  readonly workload: string;
  readonly backend: BackendName;
  readonly series: readonly [Series, Series];
  /** Block medians of each. */
  readonly blocks: readonly [Blocks, Blocks];
}

function matchSeries(before: BenchmarkResult, after: BenchmarkResult): Match[] {
  return before.workloads.flatMap(({ name, series }) => {
    const others = after.workloads.find((workload) => workload.name === name)?.series ?? [];
    return series.flatMap((first): Match[] => {
      const second = others.find(({ backend }) => backend === first.backend);
      if (!second) return [];
      const blocks = [blocksOf(first, before), blocksOf(second, after)] as const;
      return [{ workload: name, backend: first.backend, series: [first, second], blocks }];
    });
  });
}

function blocksOf({ samplesPerSecond }: Series, { settings }: BenchmarkResult): Blocks {
  return blockMedians(samplesPerSecond, blockSizes(settings.repeats, settings.blocks));
}

function estimateMatches(matched: readonly Match[]): Estimate {
  const [before, after] = [0, 1].map((which) => matched.map(({ blocks }) => blocks[which]!));
  return estimateRatio(after!, before!);
}

function verdictOf({ low, high }: Estimate): ComparisonVerdict {
  if (low > 1) return 'faster';
  return high < 1 ? 'slower' : 'no difference';
}
