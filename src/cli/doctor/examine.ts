/** Examines this machine for `nudge doctor`. A failure is a finding, not an error. */
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { setTimeout } from 'node:timers/promises';

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

/** An adapter, or the reason why there is none. */
export interface Found {
  readonly adapter: AdapterDetails | null;
  readonly problem: string | null;
  /** Present if there is an adapter and measuring was asked for. */
  readonly probe?: Probed;
}

/** The measured speeds of an adapter, or the reason why there are none. */
export interface Probed {
  readonly limits: MeasuredLimits | null;
  readonly problem: string | null;
}

/** The first browser of a kind that gives an adapter. */
export interface BrowserDiagnosis extends Found {
  readonly kind: BrowserKind;
  /** 'Chrome/147.0.7727.50' */
  readonly version: string | null;
  /** Null if it was not started. */
  readonly used: FoundBrowser | null;
  /** All browsers of the kind, best first. */
  readonly found: readonly FoundBrowser[];
  readonly passedOver: readonly string[];
}

export interface ExamineOptions {
  /** Whether to start browsers. */
  readonly launch: boolean;
  /** Whether to measure each adapter. */
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

/** The minimum version in package.json's `engines`. */
export const oldestNode = [20, 19] as const;

export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

async function examineDawn(options: ExamineOptions): Promise<Found> {
  const found = async () => {
    const gpu = await createGpu();
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) {
      throw new NudgeError('Dawn gave an adapter once and then no more. Run the command again.');
    }
    const probe = await probed(options, 'Dawn', async () => {
      const device = await Device.request({ gpu });
      try {
        return await probeAdapter(device, { signal: options.signal });
      } finally {
        device.destroy();
      }
    });
    return { adapter: adapterDetails(adapter), problem: null, ...probe };
  };
  return await found().catch((error: unknown) => ({ adapter: null, problem: messageOf(error) }));
}

async function probed(
  { probe, onProgress }: ExamineOptions,
  name: string,
  measure: () => Promise<MeasuredLimits>,
): Promise<Pick<Found, 'probe'>> {
  if (!probe) return {};
  onProgress(`measuring the adapter of ${name}`);
  return {
    probe: await measure().then(
      (limits) => ({ limits, problem: null }),
      (error: unknown) => ({ limits: null, problem: messageOf(error) }),
    ),
  };
}

async function examineBrowser(
  kind: BrowserKind,
  options: ExamineOptions,
): Promise<BrowserDiagnosis> {
  const found: FoundBrowser[] = [];
  const nothing = { kind, version: null, used: null, found, passedOver: [], adapter: null };
  try {
    for await (const browser of findBrowsers(kind)) found.push(browser);
    if (!options.launch || found.length === 0) return { ...nothing, problem: null };
    return { found, ...(await withinLimit(kind, launchBrowser(kind, options))) };
  } catch (error) {
    return { ...nothing, problem: messageOf(error) };
  }
}

async function launchBrowser(
  kind: BrowserKind,
  options: ExamineOptions,
): Promise<Omit<BrowserDiagnosis, 'found'>> {
  const session = await openBrowserSession({ browser: kind, handleSignals: false });
  try {
    const { version, browser: used, passedOver, environment } = session;
    const { signal } = options;
    const probe = await probed(options, kind, () => session.call('probe', {}, { signal }));
    const adapter = environment.adapter ?? null;
    return { kind, version, used, passedOver, adapter, problem: null, ...probe };
  } finally {
    await session.close();
  }
}

/** Enough for a slow machine to start several browsers one after the other. */
const launchLimitMs = 90_000;

async function withinLimit<T>(kind: BrowserKind, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const limit = setTimeout(launchLimitMs, undefined, { signal: timer.signal }).then((): never => {
    throw new NudgeError(
      `The ${kind} browser did not answer within ${launchLimitMs / 1000} s. End browsers that hang, or name another with PUPPETEER_EXECUTABLE_PATH.`,
    );
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer.abort();
  }
}

/** The message of one of nudge's own errors. @throws any other error, which is a bug */
function messageOf(error: unknown): string {
  if (error instanceof NudgeError) return error.message;
  throw error;
}
