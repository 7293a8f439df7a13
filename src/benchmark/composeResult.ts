/** Composes the result of a run from its measurements, and checks whether a stopped run can be resumed. */
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
  /** Flags of events; `composeResult` adds the flags that follow from the figures. */
  readonly flags: readonly Flag[];
  readonly wasHidden: boolean;
  readonly disturbed: DisturbedRounds;
}

/** The result with its scores, crossover and derived flags. */
export function composeResult(measurements: Measurements): BenchmarkResult {
  const { nudge, startedAt, seconds, data, environment, workloads, blocks } = measurements;
  const { settings, sizes, limits, timesToAccuracy } = measurements;
  const { backends, peers, repeats, repeatSeconds, seed, isSoftware } = settings;
  const flags = [...measurements.flags, ...derivedFlags(measurements)];
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

function derivedFlags({
  workloads,
  blocks,
  sizes,
  disturbed,
  wasHidden,
}: Measurements): readonly Flag[] {
  const flags: Flag[] = [];
  if (wasHidden) {
    const message =
      'The page was hidden during the run, and browsers slow hidden pages down. Run it again and keep the tab visible.';
    flags.push({ kind: 'hidden', message, isVoid: true });
  }
  const rates = workloads.flatMap(({ series }) =>
    series.map(({ samplesPerSecond }) => blockMedians(samplesPerSecond, sizes)),
  );
  const slowdown = findSlowdown(blocks, rates);
  if (slowdown) {
    const message =
      `From the first blocks to the last, the processor became ${slowdown.pulse.toFixed(2)} times slower and training ${slowdown.repeats.toFixed(2)} times. ` +
      'The cause may be heat, the battery or another program. Let the machine cool down and run it again.';
    flags.push({ kind: 'throttled', message, isVoid: true });
  }
  const taken = blocks.flatMap((block) => block.taken ?? []);
  const mean = taken.reduce((sum, one) => sum + one, 0) / Math.max(1, taken.length);
  return [...flags, ...disturbanceFlags(disturbed, mean), ...workloads.flatMap(threadFlags)];
}

/** Whether flags of this kind follow from the rest of a result. A resumed run computes them again. */
export function isDerived(kind: Flag['kind']): boolean {
  return ['stopped', 'hidden', 'throttled', 'threads'].includes(kind);
}

/** @throws {ConfigurationError} if the stopped run had other settings, data, browser or adapter */
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
    `Cannot resume: the stopped run had other ${differences.join(' and ')}. Use the same, or start a new run.`,
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
