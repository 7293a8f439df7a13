/** What a run is to measure: as it is asked for, and with everything decided. */
import { ConfigurationError } from '../errors.ts';
import { requireSeed } from '../network/network.ts';
import type { RunShape } from './expectation.ts';
import { maxBlocks } from './result/schema.ts';
import { ownBackends, type OwnBackendName, type PeerName } from './result/backends.ts';
import { findWorkload, quickWorkloads, backendsOf, workloads, type Workload } from './workloads.ts';

/** Plain data. */
export interface BenchmarkSettings {
  /** Names of workloads. Default: all that this adapter should run. */
  readonly workloads?: readonly string[] | undefined;
  /** Default: all of `ownBackends` that there are. */
  readonly backends?: readonly OwnBackendName[] | undefined;
  /** Of each backend, at least 2. Default 10. */
  readonly repeats?: number | undefined;
  /**
   * Into how many blocks the repeats are cut: each goes through all workloads in a fresh worker, with a fresh device. Default 5,
   * or as many as there are repeats if that is less.
   */
  readonly blocks?: number | undefined;
  /** Seconds a repeat should take, about. Default 0.3, or 0.1 where it is `quick`. */
  readonly repeatSeconds?: number | undefined;
  /** Seeds networks, the order of samples, and the order of backends in a round. Default 1. */
  readonly seed?: number | undefined;
  /** Other libraries that run beside, each where it can be had. Default none. */
  readonly peers?: readonly PeerName[] | undefined;
  /** Seconds that a busy machine is waited for, at most, before the run goes on all the same. Default 20. */
  readonly waitSeconds?: number | undefined;
  /** Half a minute instead of four: fewer workloads, shorter repeats, no training up to an accuracy. Default false. */
  readonly quick?: boolean | undefined;
}

export interface DecidedSettings extends RunShape {
  readonly seed: number;
  readonly waitSeconds: number;
  readonly peers: readonly PeerName[];
}

/** The only ranges in which a run says anything and ends today. */
export const settingsRanges = {
  repeats: [2, 100],
  blocks: [1, maxBlocks],
  repeatSeconds: [0.01, 10],
  waitSeconds: [0, 3600],
} as const;

const defaultRepeats = 10;
/** With four degrees of freedom Student's quantile is 2.8; with two blocks it would be 12.7, with ten 2.3. */
const defaultBlocks = 5;
const defaultWaitSeconds = 20;
const defaultRepeatSeconds = { full: 0.3, quick: 0.1 } as const;
/** Of each backend that trains up to an accuracy. */
const accuracySeconds = 8;

/**
 * @param adapter what computes `webgpu`
 * @throws {ConfigurationError} for settings that make no sense
 */
export function decideSettings(
  settings: BenchmarkSettings,
  adapter: 'hardware' | 'software' | 'none',
): DecidedSettings {
  const { quick = false, repeats = defaultRepeats, seed = 1 } = settings;
  const { waitSeconds = defaultWaitSeconds } = settings;
  const blocks = settings.blocks ?? Math.min(defaultBlocks, repeats);
  const repeatSeconds =
    settings.repeatSeconds ?? (quick ? defaultRepeatSeconds.quick : defaultRepeatSeconds.full);
  requireRange('repeats', repeats, settingsRanges.repeats);
  requireRange('blocks', blocks, settingsRanges.blocks);
  requireRange('repeatSeconds', repeatSeconds, settingsRanges.repeatSeconds);
  requireRange('waitSeconds', waitSeconds, settingsRanges.waitSeconds);
  for (const [name, value] of Object.entries({ repeats, blocks })) {
    if (!Number.isInteger(value)) {
      throw new ConfigurationError(`${name} must be a whole number; got ${value}.`);
    }
  }
  if (blocks > repeats) {
    throw new ConfigurationError(
      `${blocks} blocks need at least one repeat each; got ${repeats} repeats. Ask for fewer blocks or more repeats.`,
    );
  }
  requireSeed(seed);
  const named = settings.backends ?? ownBackends;
  requireDistinct('backends', named, ownBackends);
  const backends = named.filter((backend) => backend !== 'webgpu' || adapter !== 'none');
  const decided = decideWorkloads(settings.workloads, quick, backends, adapter === 'hardware');
  const idle = decided.find((workload) => backendsOf(workload, backends).length === 0);
  if (idle) {
    throw new ConfigurationError(
      `Workload '${idle.name}' is run on a GPU alone, and ${adapter === 'none' ? 'there is none' : `backends are ${backends.join(', ')}`}. Leave it out, or add webgpu.`,
    );
  }
  return {
    workloads: decided,
    backends,
    peers: (settings.peers ?? []).filter((name) => !name.endsWith('webgpu') || adapter !== 'none'),
    repeats,
    blocks,
    repeatSeconds,
    seed,
    waitSeconds,
    accuracySeconds: quick || settings.workloads ? 0 : accuracySeconds,
    isSoftware: adapter === 'software',
  };
}

function decideWorkloads(
  names: readonly string[] | undefined,
  quick: boolean,
  backends: readonly OwnBackendName[],
  isHardware: boolean,
): readonly Workload[] {
  const known = workloads.map(({ name }) => name);
  if (names) requireDistinct('workloads', names, known);
  else if (!quick) {
    return workloads.filter(
      (workload) =>
        backendsOf(workload, backends).length > 0 && (!workload.needsHardware || isHardware),
    );
  }
  return (names ?? quickWorkloads).map((name) => findWorkload(name)!);
}

function requireRange(name: string, value: number, [min, max]: readonly [number, number]): void {
  if (value >= min && value <= max) return;
  throw new ConfigurationError(
    `${name} is a number from ${min} to ${max}, and ${value} was given.`,
  );
}

function requireDistinct(name: string, values: readonly string[], known: readonly string[]): void {
  const wrong = values.find((value) => !known.includes(value));
  if (wrong !== undefined) {
    throw new ConfigurationError(
      `There is no '${wrong}' among ${name}. There are: ${known.join(', ')}.`,
    );
  }
  if (values.length === 0 || new Set(values).size < values.length) {
    throw new ConfigurationError(
      `${name} is a list of one or more without repetition, and '${values.join(', ')}' was given.`,
    );
  }
}
