/** Turns the options of `nudge bench` into settings, and refuses contradictions before anything is started. */
import {
  browserPeers,
  isOwn,
  type OwnBackendName,
  type PeerName,
} from '../../benchmark/result/backends.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { decideSettings, type BenchmarkSettings } from '../../benchmark/settings.ts';
import { UsageError } from '../errors.ts';
import type { SharedArguments } from '../options.ts';
import { isBrowser } from '../runtime.ts';

export interface BenchArguments extends Pick<SharedArguments, 'runtime' | 'browser'> {
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

/** Settings that `--resume` takes from its file. */
export const resumedSettings: (keyof BenchArguments)[] = [
  ...(['workloads', 'backends', 'repeats', 'blocks'] as const),
  ...(['seconds', 'seed', 'quick', 'peers'] as const),
];

/**
 * The settings of a run, without Python's libraries, which are looked for later.
 * @param resume the result to continue, whose settings apply
 * @throws {ConfigurationError} for invalid settings
 */
export function configureBench(
  args: BenchArguments,
  resume: BenchmarkResult | undefined,
): BenchmarkSettings {
  const { workloads, repeats, blocks, seconds, wait, seed, quick, peers, runtime } = args;
  if (resume) return { ...settingsOf(resume), ...(wait !== undefined && { waitSeconds: wait }) };
  const settings: BenchmarkSettings = {
    workloads,
    backends: args.backends as OwnBackendName[] | undefined,
    repeats,
    blocks,
    repeatSeconds: seconds,
    waitSeconds: wait,
    seed,
    quick,
    ...(peers && { peers: runtime === 'node' ? [] : browserPeers }),
  };
  // Checks the settings before a browser is started. The kind of adapter does not matter for that.
  decideSettings(settings, 'hardware');
  return settings;
}

/**
 * The settings that the run behind a result was asked for. A full run also trains up to an accuracy; a run of the same
 * workloads by name does not, so the names are left out for a full run.
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

/** @throws {UsageError} when the options that say where the benchmark runs contradict each other */
export function requireOnePlace(args: BenchArguments): void {
  const { runtime, browser, connect, host, port, peers, python, resume } = args;
  if (peers === true && runtime === 'auto') {
    throw new UsageError(
      '--peers needs a known runtime, because some libraries run in browsers only; got --runtime auto. Name another --runtime.',
    );
  }
  if (peers === true && runtime === 'node' && python === false) {
    throw new UsageError(
      '--peers with --runtime node and --no-python leaves no library: only those of Python run there. Leave out one of the three.',
    );
  }
  if (typeof python === 'string' && peers !== true && resume === undefined) {
    throw new UsageError(`--python ${python} needs --peers. Add --peers, or leave --python out.`);
  }
  if (connect === undefined && (host !== undefined || port !== undefined)) {
    const option = host === undefined ? '--port' : '--host';
    throw new UsageError(`${option} needs --connect. Add --connect, or leave ${option} out.`);
  }
  // --runtime chromium --browser /path/to/chrome is one place: the path may be of any kind of browser.
  const isSame = isBrowser(runtime) && (browser === runtime || (browser && !isKind(browser)));
  const places = [
    connect !== undefined && `--connect ${connect}`,
    browser !== undefined && `--browser ${browser}`,
    runtime !== undefined && runtime !== 'auto' && !isSame && `--runtime ${runtime}`,
  ].filter((place) => place !== false);
  if (places.length > 1) {
    throw new UsageError(
      `A run has one place; got ${places.slice(0, 2).join(' and ')}. Give one of them.`,
    );
  }
}

const isKind = (browser: string) => browser === 'chromium' || browser === 'firefox';

/**
 * The interpreter that runs Python's libraries; false if none. A browser reached by `--connect` may be on another machine,
 * so it is compared with this machine's Python only if the user names one.
 */
export function pythonOf({ connect, python }: BenchArguments): string | false {
  return python ?? (connect === undefined && 'python3');
}
