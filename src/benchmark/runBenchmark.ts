/** The benchmark: trains a ladder of workloads on every side in turn, proves the results, and says how fast each was. */
import type { Dataset } from '../data/dataset.ts';
import type { BenchmarkEvent } from './events.ts';
import type { BenchmarkResult, Environment, OwnSideName } from './result/schema.ts';

/** What the caller knows about where this runs, and this module cannot. */
export type Surroundings = Omit<
  Environment,
  'timerResolution' | 'adapter' | 'noAdapter' | 'features' | 'limits'
>;

/** What a run is to measure; plain data. */
export interface BenchmarkSettings {
  /** Names of workloads. Default: all that this adapter should run. */
  readonly workloads?: readonly string[] | undefined;
  /** Default: all of `ownSides` that there are. */
  readonly sides?: readonly OwnSideName[] | undefined;
  /** Of each side, at least 2. Default 10. */
  readonly repeats?: number | undefined;
  /** Seconds a repeat should take, about. Default 0.3, or 0.1 where it is `quick`. */
  readonly repeatSeconds?: number | undefined;
  /** Seeds networks, the order of samples, of rounds, and the bootstrap. Default 1. */
  readonly seed?: number | undefined;
  /** Half a minute instead of two: fewer workloads, shorter repeats, no training up to an accuracy. Default false. */
  readonly quick?: boolean | undefined;
}

export interface BenchmarkOptions extends BenchmarkSettings {
  readonly training: Dataset;
  readonly test: Dataset;
  readonly surroundings: Surroundings;
  readonly nudge: BenchmarkResult['nudge'];
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** Stops the run; the result has what was finished by then, and a mark. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts once the page was hidden: browsers slow hidden pages down, and the run is marked. */
  readonly hidden?: AbortSignal | undefined;
  /** An earlier result of the same settings that was stopped: workloads that it has are not run again. */
  readonly resume?: BenchmarkResult | undefined;
  readonly onEvent?: ((event: BenchmarkEvent) => void) | undefined;
}

/**
 * @throws {ConfigurationError} for settings that make no sense, and for a `resume` of other settings or other data
 * @throws what else goes wrong before anything is finished; afterwards it is a mark of the result
 */
export type RunBenchmark = (options: BenchmarkOptions) => Promise<BenchmarkResult>;
