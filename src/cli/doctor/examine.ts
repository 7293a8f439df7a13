/** What `nudge doctor` finds out about this machine. It asks everything, and takes no failure for an error. */
import { arch, cpus, platform, release, totalmem } from 'node:os';

import { NudgeError } from '../../errors.ts';
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

/** @param launch whether to start browsers */
export async function examine(
  launch: boolean,
  onProgress: (what: string) => void,
  signal: AbortSignal,
): Promise<Diagnosis> {
  onProgress('asking Dawn for an adapter');
  const dawn = { version: packageVersion('webgpu') ?? null, ...(await examineDawn()) };
  const browsers: BrowserDiagnosis[] = [];
  for (const kind of ['chromium', 'firefox'] as const) {
    signal.throwIfAborted();
    onProgress(launch ? `starting ${kind}` : `looking for ${kind}`);
    browsers.push(await examineBrowser(kind, launch));
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

async function examineDawn(): Promise<Found> {
  return await problemOf(async () => {
    const gpu = await createGpu();
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    return adapter === null
      ? { adapter: null, problem: 'Dawn gave an adapter and then none. Run the command again.' }
      : { adapter: adapterDetails(adapter), problem: null };
  });
}

async function examineBrowser(kind: BrowserKind, launch: boolean): Promise<BrowserDiagnosis> {
  const found: FoundBrowser[] = [];
  const nothing = { kind, version: null, used: null, found, passedOver: [] };
  return await problemOf<BrowserDiagnosis>(async () => {
    for await (const browser of findBrowsers(kind)) found.push(browser);
    if (!launch || found.length === 0) return { ...nothing, adapter: null, problem: null };
    return await withinLimit(kind, launchBrowser(kind, found));
  }, nothing);
}

async function launchBrowser(
  kind: BrowserKind,
  found: readonly FoundBrowser[],
): Promise<BrowserDiagnosis> {
  const session = await openBrowserSession({ browser: kind, handleSignals: false });
  try {
    const { version, browser, passedOver, environment } = session;
    const adapter = environment.adapter ?? null;
    return { kind, version, used: browser, found, passedOver, adapter, problem: null };
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
