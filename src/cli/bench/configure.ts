/** From the options of `nudge bench` to what is run and where. Pure, and strict: nothing is found out after a minute. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import {
  browserPeers,
  isOwn,
  type OwnBackendName,
  type PeerName,
} from '../../benchmark/result/backends.ts';
import {
  decideSettings,
  settingsRanges,
  type BenchmarkSettings,
} from '../../benchmark/settings.ts';
import type { RuntimeArguments } from '../options.ts';
import { UsageError } from '../errors.ts';

export interface BenchArguments extends Pick<RuntimeArguments, 'runtime' | 'browser'> {
  readonly workloads?: readonly string[] | undefined;
  readonly backends?: readonly string[] | undefined;
  readonly repeats?: number | undefined;
  readonly blocks?: number | undefined;
  readonly seconds?: number | undefined;
  readonly wait?: number | undefined;
  readonly seed?: number | undefined;
  readonly quick?: boolean | undefined;
  readonly peers?: boolean | undefined;
  readonly python?: string | false | undefined;
  readonly resume?: string | undefined;
  readonly connect?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * What is to be measured, but for Python's libraries, which are looked for once all else makes sense.
 * @param resume the result to go on with, whose settings are then the ones
 * @throws {ConfigurationError} for settings that make no sense, or that contradict `resume`
 */
export function configureBench(
  args: BenchArguments,
  resume: BenchmarkResult | undefined,
): BenchmarkSettings {
  const [shortest, longest] = settingsRanges.waitSeconds;
  if (args.wait !== undefined && !(args.wait >= shortest && args.wait <= longest)) {
    throw new UsageError(
      `--wait must be a number of seconds from ${shortest} to ${longest}; got ${args.wait}.`,
    );
  }
  if (resume) {
    const given = settingNames.filter((name) => args[name] !== undefined);
    if (given.length > 0) {
      const options = given.map((name) => `--${name}`).join(' and ');
      throw new UsageError(
        `--resume goes on with the settings of its file, and ${options} was given as well. Leave one of them out.`,
      );
    }
    return { ...settingsOf(resume), ...(args.wait !== undefined && { waitSeconds: args.wait }) };
  }
  const { seconds } = args;
  const [min, max] = settingsRanges.repeatSeconds;
  if (seconds !== undefined && !(seconds >= min && seconds <= max)) {
    throw new UsageError(
      `--seconds takes a number from ${min} to ${max}, and ${seconds} was given. Give the length of a repeat, of which there are --repeats.`,
    );
  }
  const settings: BenchmarkSettings = {
    workloads: args.workloads && parseNames(args.workloads),
    backends: args.backends && (parseNames(args.backends) as OwnBackendName[]),
    repeats: args.repeats,
    blocks: args.blocks,
    repeatSeconds: seconds,
    waitSeconds: args.wait,
    seed: args.seed,
    quick: args.quick,
    ...(args.peers && { peers: args.runtime === 'node' ? [] : browserPeers }),
  };
  // Says what is wrong with names, before a browser is started; what the adapter is does not matter for that.
  decideSettings(settings, 'hardware');
  return settings;
}

const settingNames = [
  'workloads',
  'backends',
  'repeats',
  'blocks',
  'seconds',
  'seed',
  'quick',
  'peers',
] as const;

/** 'tiny,mid large' → ['tiny', 'mid', 'large'] */
export function parseNames(words: readonly string[]): string[] {
  return words
    .join(' ')
    .trim()
    .split(/\s*,\s*|\s+/);
}

/**
 * The settings that a result was made with, as they were asked for: a full run also trains up to an accuracy, which a run
 * of the same workloads by name does not.
 */
export function settingsOf({ settings, environment }: BenchmarkResult): BenchmarkSettings {
  const { workloads, repeats, blocks, repeatSeconds, seed } = settings;
  const backends = settings.backends.filter(isOwn);
  const peers = settings.backends.filter((backend): backend is PeerName => !isOwn(backend));
  const { adapter } = environment;
  const kind = adapter ? (adapter.isSoftware ? 'software' : 'hardware') : 'none';
  const asked = { backends, peers, repeats, blocks, repeatSeconds, seed };
  const full = decideSettings(asked, kind).workloads.map(({ name }) => name);
  return workloads.join() === full.join() ? asked : { ...asked, workloads };
}

/** @throws {UsageError} when options that say where it runs contradict each other */
export function requireOnePlace(args: BenchArguments): void {
  const { runtime, browser, connect, host, port, peers, python, resume } = args;
  if (peers === true && runtime === 'auto') {
    throw new UsageError(
      '--peers was given, and some of the other libraries run in browsers alone, so that it has to be known whether this is one. Name a --runtime.',
    );
  }
  if (peers === true && runtime === 'node' && python === false) {
    throw new UsageError(
      '--peers was given, and in Node the other libraries are those of Python, which --no-python leaves out. Leave one of the three out.',
    );
  }
  if (typeof python === 'string' && peers !== true && resume === undefined) {
    throw new UsageError(
      `--python ${python} says where PyTorch and NumPy are, and no --peers was given. Add it, or leave --python out.`,
    );
  }
  const page = host === undefined ? port && `--port ${port}` : `--host ${host}`;
  if (connect === undefined && page !== undefined) {
    throw new UsageError(
      `${page} says where a browser on another machine finds the page, and no --connect was given. Name the browser with --connect, or leave it out.`,
    );
  }
  const places = [
    connect !== undefined && `--connect ${connect}`,
    browser !== undefined && `--browser ${browser}`,
    // A browser's path may be of any kind, and says more than its kind.
    runtime !== undefined &&
      !(runtime === 'auto' || isOf(runtime, browser)) &&
      `--runtime ${runtime}`,
  ].filter((place) => place !== false);
  if (places.length > 1) {
    throw new UsageError(
      `Both ${places.slice(0, 2).join(' and ')} were given, and a run is in one place. Give one of them.`,
    );
  }
}

/**
 * The interpreter whose libraries run beside; false where none do.
 * @returns for a browser that may be on another machine, only one that was named
 */
export function pythonOf({ connect, python }: BenchArguments): string | false {
  return python ?? (connect === undefined && 'python3');
}

/** Whether `--runtime` and `--browser` can both be meant. */
function isOf(runtime: string, browser: string | undefined): boolean {
  if (browser === undefined || runtime === 'node') return false;
  return runtime === browser || !['chromium', 'firefox'].includes(browser);
}
