/** The job that describes the browser and its WebGPU adapter. */
import { describeOffer } from '../../benchmark/adapterReport.ts';
import { describeAdapter, type AdapterDescription } from '../../gpu/adapter.ts';
import { askForAdapter } from '../../gpu/askForAdapter.ts';
import type { PageJob } from './pageJob.ts';

export interface BrowserEnvironment {
  readonly userAgent: string;
  /** Whether the browser has `navigator.gpu`. */
  readonly hasWebGpu: boolean;
  readonly adapter: AdapterDetails | undefined;
  /** The browser's reason for giving no adapter, if it gave one. */
  readonly refusal?: string;
  /** Whether the page is on https:// or localhost; browsers have no WebGPU elsewhere. */
  readonly isSecure: boolean;
  /** Whether COOP and COEP took effect, which gives precise timers. */
  readonly isIsolated: boolean;
}

export interface AdapterDetails extends AdapterDescription {
  /** Sorted by name. */
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

export const environment: PageJob<void, BrowserEnvironment> = async () => ({
  userAgent: navigator.userAgent,
  hasWebGpu: 'gpu' in navigator,
  ...(await findAdapter()),
  isSecure: isSecureContext,
  isIsolated: crossOriginIsolated,
});

async function findAdapter(): Promise<Pick<BrowserEnvironment, 'adapter' | 'refusal'>> {
  if (!('gpu' in navigator)) return { adapter: undefined };
  const { adapter, ...answer } = await askForAdapter(navigator.gpu, 5_000);
  return { ...answer, adapter: adapter && adapterDetails(adapter) };
}

/** The adapter as plain data. */
export function adapterDetails(adapter: GPUAdapter): AdapterDetails {
  return { ...describeAdapter(adapter.info), ...describeOffer(adapter) };
}
