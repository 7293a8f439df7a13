/** Settings of a run: as requested, and with all defaults filled in. */
import { ConfigurationError } from '../errors.ts';
import { requireSeed } from '../network/network.ts';
import type { RunShape } from './expectation.ts';
import { maxBlocks } from './result/schema.ts';
import { ownBackends, type OwnBackendName, type PeerName } from './result/backends.ts';
import { findWorkload, quickWorkloads, backendsOf, workloads, type Workload } from './workloads.ts';

/** Plain data. */
export interface BenchmarkSettings {
  /** Names of workloads. Default: all that suit this adapter. */
  readonly workloads?: readonly string[] | undefined;
  /** Default: all available `ownBackends`. */
  readonly backends?: readonly OwnBackendName[] | undefined;
  /** Repeats of each backend, at least 2. Default 10. */
  readonly repeats?: number | undefined;
  /**
   * Blocks that the repeats are divided into. Each block measures all workloads in a fresh worker with a fresh device.
   * Default 5, but not more than `repeats`.
   */
  readonly blocks?: number | undefined;
  /** Target length of a repeat in seconds. Default 0.3, or 0.1 if `quick`. */
  readonly repeatSeconds?: number | undefined;
  /** Seed of the networks, the order of samples, and the order of backends in a round. Default 1. */
  readonly seed?: number | undefined;
  /** Other libraries to measure where they are available. Default none. */
  readonly peers?: readonly PeerName[] | undefined;
  /** Maximum seconds to wait for a busy machine before the run; 0 starts it without a look. Default 20. */
  readonly waitSeconds?: number | undefined;
  /** A run of half a minute: fewer workloads, shorter repeats, no training to an accuracy. Default false. */
  readonly quick?: boolean | undefined;
}

export interface DecidedSettings extends RunShape {
  readonly seed: number;
  readonly waitSeconds: number;
  readonly peers: readonly PeerName[];
}

/** Minimum and maximum. */
export const settingsRanges = {
  repeats: [2, 100],
  blocks: [1, maxBlocks],
  repeatSeconds: [0.01, 10],
  waitSeconds: [0, 3600],
} as const;

const defaultRepeats = 10;
/** Student's quantile is 2.8 for 5 blocks, 12.7 for 2 and 2.3 for 10. */
const defaultBlocks = 5;
const defaultWaitSeconds = 20;
const defaultRepeatSeconds = { full: 0.3, quick: 0.1 } as const;
const accuracySeconds = 8;

/**
 * @param adapter kind of the available adapter
 * @throws {ConfigurationError} for invalid settings
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
  const numbers = { repeats, blocks, repeatSeconds, waitSeconds };
  for (const name of ['repeats', 'blocks', 'repeatSeconds', 'waitSeconds'] as const) {
    const value = numbers[name];
    const [min, max] = settingsRanges[name];
    if (!(value >= min && value <= max)) {
      throw new ConfigurationError(`${name} must be a number from ${min} to ${max}; got ${value}.`);
    }
    if (!name.endsWith('Seconds') && !Number.isInteger(value)) {
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
      `Workload '${idle.name}' runs only on a GPU, but ${adapter === 'none' ? 'there is none' : `backends are ${backends.join(', ')}`}. Leave it out, or add webgpu.`,
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

function requireDistinct(name: string, values: readonly string[], known: readonly string[]): void {
  const wrong = values.find((value) => !known.includes(value));
  if (wrong !== undefined) {
    throw new ConfigurationError(
      `Unknown name '${wrong}' in ${name}. Known names: ${known.join(', ')}.`,
    );
  }
  if (values.length === 0 || new Set(values).size < values.length) {
    throw new ConfigurationError(
      `${name} must be a non-empty list without repetition; got '${values.join(', ')}'.`,
    );
  }
}
