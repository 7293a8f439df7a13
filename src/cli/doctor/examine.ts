/** What `nudge doctor` finds out about this machine. It asks everything, and takes no failure for an error. */
import { arch, cpus, platform, release, totalmem } from 'node:os';

import { NudgeError } from '../../errors.ts';
import { Device } from '../../gpu/device.ts';
import { probeAdapter, type MeasuredLimits } from '../../gpu/probes/probeAdapter.ts';
import { findBrowsers, type BrowserKind, type FoundBrowser } from '../../node/browser.ts';
import { openBrowserSession } from '../../node/browserSession.ts';
import { createGpu } from '../../node/dawn.ts';
import { findMnistFolder, mnistFolder } from '../../node/mnist.ts';
import { adapterDetails, type AdapterDetails } from '../../page/jobs/environment.ts';
import { nudgeVersion, packageVersion } from '../versions.ts';

export interface Diagnosis {
  readonly nudge: string;
  readonly node: { readonly version: string; readonly isRecentEnough: boolean };
  readonly system: {
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
  };
  readonly dawn: { readonly version: string | null } & Found;
  readonly browsers: readonly BrowserDiagnosis[];
  readonly mnist: { readonly folder: string; readonly isThere: boolean };
}

/** An adapter, or why there is none. */
export interface Found {
  readonly adapter: AdapterDetails | null;
  readonly problem: string | null;
  /** Only where it was asked for, and there is an adapter. */
  readonly probe?: Probed;
}

/** What was measured of an adapter, or why nothing was. */
export interface Probed {
  readonly limits: MeasuredLimits | null;
  readonly problem: string | null;
}

/** The first browser of a kind that gives an adapter. */
export interface BrowserDiagnosis extends Found {
  readonly kind: BrowserKind;
  /** As it says itself: 'Chrome/147.0.7727.50'. */
  readonly version: string | null;
  /** Null where it was not started. */
  readonly used: FoundBrowser | null;
  /** All that are on this machine, best first. */
  readonly found: readonly FoundBrowser[];
  readonly passedOver: readonly string[];
}

export interface ExamineOptions {
  /** Whether to start browsers. */
  readonly launch: boolean;
  /** Whether to measure each adapter that is found. */
  readonly probe: boolean;
  readonly onProgress: (what: string) => void;
  readonly signal: AbortSignal;
}

/** @throws the signal's reason */
export async function examine(options: ExamineOptions): Promise<Diagnosis> {
  const { launch, onProgress, signal } = options;
  onProgress('asking Dawn for an adapter');
  const dawn = { version: packageVersion('webgpu') ?? null, ...(await examineDawn(options)) };
  const browsers: BrowserDiagnosis[] = [];
  for (const kind of ['chromium', 'firefox'] as const) {
    signal.throwIfAborted();
    onProgress(launch ? `starting ${kind}` : `looking for ${kind}`);
    browsers.push(await examineBrowser(kind, options));
  }
  signal.throwIfAborted();
  return {
    nudge: nudgeVersion(),
    node: { version: process.version, isRecentEnough: isRecentEnough(process.versions.node) },
    system: {
      platform: `${platform()} ${release()} ${arch()}`,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
    },
    dawn,
    browsers,
    mnist: { folder: mnistFolder(), isThere: (await findMnistFolder()) !== undefined },
  };
}

/** The package's `engines`. */
export const oldestNode = [20, 19] as const;

export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

async function examineDawn(options: ExamineOptions): Promise<Found> {
  return await problemOf(async () => {
    const gpu = await createGpu();
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) {
      return { adapter, problem: 'Dawn gave an adapter and then none. Run the command again.' };
    }
    return {
      adapter: adapterDetails(adapter),
      problem: null,
      ...(await probed(options, 'Dawn', () => probeDawn(gpu, options.signal))),
    };
  });
}

async function probeDawn(gpu: GPU, signal: AbortSignal): Promise<MeasuredLimits> {
  const device = await Device.request({ gpu });
  try {
    return await probeAdapter(device, { signal });
  } finally {
    device.destroy();
  }
}

/** What `measure` gives, under the name it has in a diagnosis; nothing unless it is asked for. */
async function probed(
  { probe, onProgress }: ExamineOptions,
  name: string,
  measure: () => Promise<MeasuredLimits>,
): Promise<Pick<Found, 'probe'>> {
  if (!probe) return {};
  onProgress(`measuring the adapter of ${name}`);
  try {
    return { probe: { limits: await measure(), problem: null } };
  } catch (error) {
    if (!(error instanceof NudgeError)) throw error;
    return { probe: { limits: null, problem: error.message } };
  }
}

async function examineBrowser(
  kind: BrowserKind,
  options: ExamineOptions,
): Promise<BrowserDiagnosis> {
  const found: FoundBrowser[] = [];
  const nothing = { kind, version: null, used: null, found, passedOver: [] };
  return await problemOf<BrowserDiagnosis>(async () => {
    for await (const browser of findBrowsers(kind)) found.push(browser);
    if (!options.launch || found.length === 0) return { ...nothing, adapter: null, problem: null };
    return await withinLimit(kind, launchBrowser(kind, found, options));
  }, nothing);
}

async function launchBrowser(
  kind: BrowserKind,
  found: readonly FoundBrowser[],
  options: ExamineOptions,
): Promise<BrowserDiagnosis> {
  const session = await openBrowserSession({ browser: kind, handleSignals: false });
  try {
    const { version, browser, passedOver, environment } = session;
    const adapter = environment.adapter ?? null;
    const { signal } = options;
    return {
      kind,
      version,
      used: browser,
      found,
      passedOver,
      adapter,
      problem: null,
      ...(await probed(options, kind, () => session.call('probe', {}, { signal }))),
    };
  } finally {
    await session.close();
  }
}

/** Long enough for a slow machine to start several browsers one after the other. */
const launchLimitMs = 90_000;

async function withinLimit<T>(kind: BrowserKind, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new NudgeError(
          `The ${kind} browser did not answer within ${launchLimitMs / 1000} s. End browsers that hang, or name another with PUPPETEER_EXECUTABLE_PATH.`,
        ),
      );
    }, launchLimitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** What `work` gives, or nudge's own words for why it does not; any other error is a bug. */
async function problemOf<T extends Found = Found>(
  work: () => Promise<T>,
  rest?: Omit<T, keyof Found>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NudgeError)) throw error;
    return { ...rest, adapter: null, problem: error.message } as T;
  }
}
