/** Compares the speed of two results. */
import { blockMedians, blockSizes, estimateRatio, type Blocks } from '../statistics.ts';
import { findObstacles, findReservations } from './comparability.ts';
import type { BenchmarkResult, Estimate, Series, BackendName } from './schema.ts';
import { isOwn, backends as allBackends } from './backends.ts';

/** Speed of the second result relative to the first, with its 95 % interval. */
export interface SpeedRatio extends Estimate {
  /**
   * 'faster' if the whole interval is above 1, 'slower' if it is below 1. 'no difference' does not prove that both are
   * equal. Missing if the two are not comparable.
   */
  readonly verdict?: 'faster' | 'slower' | 'no difference';
}

export interface BackendComparison extends SpeedRatio {
  readonly workload: string;
  readonly backend: BackendName;
  /** Median samples/s of the first and of the second result. */
  readonly before: number;
  readonly after: number;
}

export interface Comparison {
  /** By workload in the order of the first result, then by backend. */
  readonly pairs: readonly BackendComparison[];
  /** The geometric mean over the common workloads, by backend. */
  readonly backends: readonly (SpeedRatio & { readonly backend: BackendName })[];
  /** The geometric mean over all pairs of nudge's own backends; missing if there are no pairs. */
  readonly overall?: SpeedRatio;
  readonly isComparable: boolean;
  /** Sentences: what prevents a verdict, then what weakens it. */
  readonly warnings: readonly string[];
}

/**
 * Compares two results. They were measured at different times, so the intervals allow for drift between them.
 * @param before a result from {@link readResult}
 */
export function compareResults(before: BenchmarkResult, after: BenchmarkResult): Comparison {
  const matched = matchSeries(before, after);
  // The overall mean is about nudge, so it leaves out other libraries.
  const own = matched.filter(({ backend }) => isOwn(backend));
  const obstacles = findObstacles([before, after], own.length);
  const isComparable = obstacles.length === 0;
  const judge = (estimate: Estimate): SpeedRatio =>
    isComparable ? { ...estimate, verdict: verdictOf(estimate) } : estimate;
  const compare = (some: readonly Match[]) =>
    judge(
      estimateRatio(
        some.map(({ blocks }) => blocks[1]),
        some.map(({ blocks }) => blocks[0]),
      ),
    );
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
    warnings: [...obstacles, ...findReservations([before, after])],
  };
}

interface Match {
  readonly workload: string;
  readonly backend: BackendName;
  readonly series: readonly [Series, Series];
  /** Block medians. */
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

function verdictOf({ low, high }: Estimate): SpeedRatio['verdict'] & string {
  if (low > 1) return 'faster';
  return high < 1 ? 'slower' : 'no difference';
}
