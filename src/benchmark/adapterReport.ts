/** What an adapter has and allows, as plain data; and how finely the clock ticks that times it. */
import { askForAdapter } from '../gpu/askForAdapter.ts';
import type { Environment } from './result/schema.ts';

/** Of an adapter that has given a device already. */
const patienceForAdapterMs = 10_000;

/** Features, sorted, and limits of the adapter that `gpu` gives; none where it gives none. */
export async function reportAdapter(
  gpu: GPU | undefined,
): Promise<Pick<Environment, 'features' | 'limits'>> {
  const { adapter } = gpu ? await askForAdapter(gpu, patienceForAdapterMs) : {};
  return adapter ? describeOffer(adapter) : { features: [], limits: {} };
}

/** What an adapter offers, as plain data, which can travel and be written down. */
export function describeOffer(adapter: GPUAdapter): Pick<Environment, 'features' | 'limits'> {
  const limits: Record<string, number> = {};
  // Getters of the prototype, which spreading leaves out.
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  return { features: [...adapter.features].sort(), limits };
}

/** Milliseconds that are looked at the clock at most. */
const patienceMs = 20;

/** The smallest step of `performance.now()` that is seen within a moment, in seconds. */
export function timerResolution(now: () => number = () => performance.now()): number {
  let min = Infinity;
  const start = now();
  let last = start;
  while (last - start < patienceMs) {
    const next = now();
    if (next > last) min = Math.min(min, next - last);
    last = next;
  }
  return min / 1000;
}
