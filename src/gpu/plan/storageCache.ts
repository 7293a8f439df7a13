import { ConfigurationError } from '../../errors.ts';
import { requireMethods, requireText, show } from '../../network/arguments.ts';
import type { PlanCache } from './cache.ts';

/** The parts of `localStorage` that are used. */
export type PlanStorage = Pick<Storage, 'getItem' | 'setItem'>;

const prefix = 'nudge plan: ';

/**
 * Keeps plans in a browser's storage.
 * @param storage default `localStorage`
 * @param userAgent default the browser's own
 * @throws {ConfigurationError} outside of a browser, unless both are given
 *
 * @example
 * const trainer = await Trainer.create(network, { ...options, plan: 'tuned', planCache: storagePlanCache() });
 */
export function storagePlanCache(storage?: PlanStorage, userAgent?: string): PlanCache {
  const here: Partial<Pick<typeof globalThis, 'localStorage' | 'navigator'>> = globalThis;
  const kept = storage ?? here.localStorage;
  const agent = userAgent ?? here.navigator?.userAgent;
  if (kept === undefined || agent === undefined) {
    throw new ConfigurationError(
      `${kept ? 'navigator.userAgent' : 'localStorage'} is not available here; browser pages have it. Pass your own, or use memoryPlanCache.`,
    );
  }
  requireMethods('storage', 'a Storage', kept, ['getItem', 'setItem']);
  requireText('userAgent', agent);
  return {
    runtime: browserName(agent),
    get: (key) => Promise.resolve(kept.getItem(prefix + key) ?? undefined),
    // eslint-disable-next-line @typescript-eslint/require-await -- a full storage throws, and a promise should reject
    set: async (key, text) => kept.setItem(prefix + key, text),
  };
}

/** Returns the browser and its major version from a user agent: 'Chrome 147'. */
export function browserName(userAgent: string): string {
  const products = [...userAgent.matchAll(/(Firefox|Edg|Chrome|Version)\/(\d+)/g)];
  const [, name, major] = products.find(([, product]) => product === 'Edg') ?? products[0] ?? [];
  if (name === undefined) return userAgent;
  return `${name === 'Version' ? 'Safari' : name} ${major}`;
}

/** Keeps plans in memory. */
export function memoryPlanCache(
  runtime: string,
  entries: Iterable<readonly [string, string]> = [],
): PlanCache & { readonly entries: ReadonlyMap<string, string> } {
  requireText('The runtime of a plan cache', runtime);
  let map: Map<string, string>;
  try {
    map = new Map(entries);
  } catch (cause) {
    throw new ConfigurationError(
      `The entries of a plan cache must be pairs of a key and a text; got ${show(entries)}.`,
      { cause },
    );
  }
  return {
    runtime,
    entries: map,
    get: (key) => Promise.resolve(map.get(key)),
    set: (key, text) => {
      map.set(key, text);
      return Promise.resolve();
    },
  };
}
