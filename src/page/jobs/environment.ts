/** The job that says what the browser is and what WebGPU it has. */
import { describeOffer } from '../../benchmark/adapterReport.ts';
import { describeAdapter, type AdapterDescription } from '../../gpu/adapter.ts';
import { askForAdapter } from '../../gpu/askForAdapter.ts';
import type { PageJob } from './pageJob.ts';

export interface BrowserEnvironment {
  readonly userAgent: string;
  /** Whether the browser knows WebGPU at all, adapter or not. */
  readonly hasWebGpu: boolean;
  /** undefined where there is none to be had. */
  readonly adapter: AdapterDetails | undefined;
  /** Where there is none: what the browser said, if it said anything. */
  readonly refusal?: string;
  /** Whether the page is on https:// or on localhost: elsewhere browsers have no WebGPU. */
  readonly isSecure: boolean;
  /** Whether COOP and COEP took effect, and with them precise timers. */
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

/** An adapter as plain data, which can travel and be written down. */
export function adapterDetails(adapter: GPUAdapter): AdapterDetails {
  return { ...describeAdapter(adapter.info), ...describeOffer(adapter) };
}
