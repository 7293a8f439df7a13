/** Stores tuned plans by key, so that each machine tunes only once. */
import { ConfigurationError, FormatError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { Device } from '../device.ts';
import type { Plan } from './plan.ts';
import { planTarget, requirePlan } from './check.ts';
import { parsePlan, serializePlan } from './file.ts';
import { findShipped } from './shipped.ts';

/** A store for plans as text. `storagePlanCache` keeps them in a browser, `filePlanCache` of `nudge/node` in a file. */
export interface PlanCache {
  /**
   * Software that runs the shaders, since an update of it may make another plan the best: 'Chrome 147', 'Node 22, Dawn
   * 0.6.2'.
   */
  readonly runtime: string;
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<void>;
}

/** Version of the package; a test compares it with package.json. Other kernels need other plans. */
export const engineVersion = '0.1.0';

/** Returns the cache key of a plan, readable by people: engine, adapter, limits, runtime, network and batch size. */
export function planKey(
  device: Pick<Device, 'adapter' | 'gpu'>,
  { layers }: Pick<Network, 'layers'>,
  batchSize: number,
  runtime: string,
): string {
  const { vendor, architecture, description } = device.adapter;
  return [
    `nudge ${engineVersion}`,
    [vendor, architecture, description].join('/'),
    `limits ${hashOf(capabilities(device.gpu))}`,
    runtime,
    `${layers.join('-')} by ${batchSize}`,
  ].join(' | ');
}

/** Returns all limits and features of a device, sorted. */
function capabilities({ limits, features }: GPUDevice): string {
  const found: string[] = [...features];
  for (const name in limits) found.push(`${name} ${String(limits[name as keyof typeof limits])}`);
  return found.sort().join();
}

/** Returns the 32-bit FNV-1a hash in hexadecimal, enough to tell a few adapters apart. */
export function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}

/** A plan from an earlier tuning. */
export interface FoundPlan {
  readonly plan: Plan;
  /** Tuned on this machine, or shipped with nudge for this adapter. */
  readonly from: 'cache' | 'shipped';
}

/**
 * Finds a plan tuned for this network, mini-batch and device: first in the cache, then among the plans shipped with
 * nudge. An invalid or unusable text in the cache is ignored; the next tuning replaces it.
 */
export async function findPlan(
  device: Device,
  network: Network,
  batchSize: number,
  cache: PlanCache | undefined,
): Promise<FoundPlan | undefined> {
  const target = planTarget(device);
  const text = await cache?.get(planKey(device, network, batchSize, cache.runtime));
  if (text !== undefined) {
    try {
      const plan = requirePlan(parsePlan(text, network), network, batchSize, target);
      return { plan, from: 'cache' };
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof ConfigurationError)) throw error;
    }
  }
  const shipped = findShipped(device.adapter, network, batchSize);
  return shipped && { plan: requirePlan(shipped, network, batchSize, target), from: 'shipped' };
}

/** Stores a plan for {@link findPlan}. */
export async function keepPlan(
  device: Device,
  network: Network,
  plan: Plan,
  cache: PlanCache,
): Promise<void> {
  const key = planKey(device, network, plan.batchSize, cache.runtime);
  await cache.set(key, serializePlan(network, plan));
}
