/** What a run comes to, and whether it can be gone on with. Pure functions. */
import { ConfigurationError } from '../errors.ts';
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { findCrossover } from './crossover.ts';
import {
  disturbanceFlags,
  findSlowdown,
  threadFlags,
  type DisturbedRounds,
} from './disturbance.ts';
import { rounded } from './result/rounding.ts';
import {
  formatVersion,
  type BenchmarkResult,
  type Environment,
  type Flag,
  type MeasuredAdapterLimits,
  type OwnBackendName,
} from './result/schema.ts';
import { scoreOf } from './score.ts';
import type { DecidedSettings } from './settings.ts';
import { blockMedians } from './statistics.ts';

/** What was measured so far. */
export interface Measurements extends Pick<
  BenchmarkResult,
  | 'nudge'
  | 'startedAt'
  | 'seconds'
  | 'data'
  | 'environment'
  | 'blocks'
  | 'workloads'
  | 'timesToAccuracy'
> {
  readonly settings: DecidedSettings;
  /** Repeats of each block. */
  readonly sizes: readonly number[];
  readonly limits: MeasuredLimits | undefined;
  /** Of what happened; those that follow from the figures are added. */
  readonly flags: readonly Flag[];
  readonly wasHidden: boolean;
  readonly disturbed: DisturbedRounds;
}

/** The result with everything that follows from what was measured: ratios are there, scores, flags and the crossover come here. */
export function composeResult(measurements: Measurements): BenchmarkResult {
  const { nudge, startedAt, seconds, data, environment, workloads, blocks } = measurements;
  const { settings, sizes, limits, timesToAccuracy } = measurements;
  const { backends, peers, repeats, repeatSeconds, seed, isSoftware } = settings;
  const flags = [...measurements.flags, ...findDisturbances(measurements)];
  const crossover = findCrossover(workloads);
  const isVoid = (backend: OwnBackendName) =>
    flags.some((flag) => flag.isVoid && (flag.backend === undefined || flag.backend === backend));
  return rounded<BenchmarkResult>({
    format: 'nudge-benchmark',
    version: formatVersion,
    nudge,
    startedAt,
    seconds,
    settings: {
      workloads: settings.workloads.map(({ name }) => name),
      backends: [...backends, ...peers],
      repeats,
      blocks: settings.blocks,
      repeatSeconds,
      seed,
    },
    data,
    environment,
    ...(limits && { limits: plainLimits(limits) }),
    blocks: [...blocks],
    workloads,
    timesToAccuracy: [...timesToAccuracy],
    ...(crossover && { crossover }),
    flags,
    scores: backends
      .filter((backend) => !isVoid(backend))
      .flatMap((backend) => scoreOf(backend, workloads, isSoftware, sizes) ?? []),
  });
}

/** What happened to the machine while it was measured. */
function findDisturbances({
  workloads,
  blocks,
  sizes,
  disturbed,
  wasHidden,
}: Measurements): readonly Flag[] {
  const flags: Flag[] = [];
  if (wasHidden) {
    const message =
      'The page was hidden while it was measured, and browsers slow hidden pages down. Run it again and leave the tab in front.';
    flags.push({ kind: 'hidden', message, isVoid: true });
  }
  const rates = workloads.flatMap(({ series }) =>
    series.map(({ samplesPerSecond }) => blockMedians(samplesPerSecond, sizes)),
  );
  const slowdown = findSlowdown(blocks, rates);
  if (slowdown) {
    const message =
      `The processor became ${slowdown.pulse.toFixed(2)} times slower from the first blocks to the last, and training ${slowdown.repeats.toFixed(2)} times: ` +
      'heat, a battery, or something else that runs. Let it rest and run it again.';
    flags.push({ kind: 'throttled', message, isVoid: true });
  }
  const taken = blocks.flatMap((block) => block.taken ?? []);
  const mean = taken.reduce((sum, one) => sum + one, 0) / Math.max(1, taken.length);
  return [...flags, ...disturbanceFlags(disturbed, mean), ...workloads.flatMap(threadFlags)];
}

/** Flags that follow from the rest of a result, and are made anew with it. */
export function isDerived(kind: Flag['kind']): boolean {
  return ['stopped', 'hidden', 'throttled', 'threads'].includes(kind);
}

/** @throws {ConfigurationError} where a stopped run cannot be gone on with */
export function requireSameRun(
  resume: BenchmarkResult,
  settings: DecidedSettings,
  digest: string,
  environment: Environment,
): void {
  const { workloads, backends, repeats, blocks, repeatSeconds, seed } = resume.settings;
  const names = settings.workloads.map(({ name }) => name);
  const isSame =
    workloads.join() === names.join() &&
    backends.join() === [...settings.backends, ...settings.peers].join() &&
    repeats === settings.repeats &&
    blocks === settings.blocks &&
    repeatSeconds === settings.repeatSeconds &&
    seed === settings.seed;
  const differences = [
    ...(isSame ? [] : ['settings']),
    ...(resume.data.sha256 === digest ? [] : ['data']),
    ...(resume.environment.adapter?.description === environment.adapter?.description &&
    resume.environment.name === environment.name
      ? []
      : ['browser or adapter']),
  ];
  if (differences.length === 0) return;
  throw new ConfigurationError(
    `The run to go on with had other ${differences.join(' and ')}. Start a new one, or give the same.`,
  );
}

function plainLimits({ arithmetic, memory, latency }: MeasuredLimits): MeasuredAdapterLimits {
  return {
    flopPerSecond: arithmetic.value,
    readBytesPerSecond: memory.read.value,
    copyBytesPerSecond: memory.copy.value,
    cachedBytesPerSecond: memory.cached.value,
    dispatchSeconds: latency.dispatch.value,
    encodeSeconds: latency.encode.value,
    submitSeconds: latency.submit.value,
    readbackSeconds: latency.readback.value,
  };
}
