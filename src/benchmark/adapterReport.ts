/** Adapter features and limits as plain data, and the resolution of the clock. */
import { askForAdapter } from '../gpu/askForAdapter.ts';
import type { Environment } from './result/schema.ts';

/** The adapter has already given a device, so it answers soon. */
const adapterTimeoutMs = 10_000;

/** Features and limits of the adapter from `gpu`; empty without an adapter. */
export async function reportAdapter(
  gpu: GPU | undefined,
): Promise<Pick<Environment, 'features' | 'limits'>> {
  const { adapter } = gpu ? await askForAdapter(gpu, adapterTimeoutMs) : {};
  return adapter ? describeOffer(adapter) : { features: [], limits: {} };
}

export function describeOffer(adapter: GPUAdapter): Pick<Environment, 'features' | 'limits'> {
  const limits: Record<string, number> = {};
  // The limits are getters of the prototype, so spreading would leave them out.
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  return { features: [...adapter.features].sort(), limits };
}

/** Time to observe the clock. */
const observationMs = 20;

/** The smallest observed step of `performance.now()`, in seconds. */
export function timerResolution(now: () => number = () => performance.now()): number {
  let min = Infinity;
  const start = now();
  let last = start;
  while (last - start < observationMs) {
    const next = now();
    if (next > last) min = Math.min(min, next - last);
    last = next;
  }
  return min / 1000;
}
