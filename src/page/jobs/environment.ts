/** The job that says what the browser is and what WebGPU it has. */
import { describeOffer } from '../../benchmark/adapterReport.ts';
import { describeAdapter, type AdapterDescription } from '../../gpu/adapter.ts';
import type { Job } from './job.ts';

export interface BrowserEnvironment {
  readonly userAgent: string;
  /** Whether the browser knows WebGPU at all, adapter or not. */
  readonly hasWebGpu: boolean;
  /** undefined where there is none to be had. */
  readonly adapter: AdapterDetails | undefined;
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

export const environment: Job<void, BrowserEnvironment> = async () => ({
  userAgent: navigator.userAgent,
  hasWebGpu: 'gpu' in navigator,
  adapter: await findAdapter(),
  isSecure: isSecureContext,
  isIsolated: crossOriginIsolated,
});

async function findAdapter(): Promise<AdapterDetails | undefined> {
  if (!('gpu' in navigator)) return undefined;
  const adapter = await Promise.race([navigator.gpu.requestAdapter(), noAnswer()]);
  return adapter === null ? undefined : adapterDetails(adapter);
}

/** An adapter as plain data, which can travel and be written down. */
export function adapterDetails(adapter: GPUAdapter): AdapterDetails {
  return { ...describeAdapter(adapter.info), ...describeOffer(adapter) };
}

/** Some drivers leave requestAdapter pending for ever, which is as good as none. */
function noAnswer(): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), 5_000));
}
