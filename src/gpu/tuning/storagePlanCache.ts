import type { PlanCache } from './planCache.ts';

/** What of `localStorage` is used. */
export type PlanStorage = Pick<Storage, 'getItem' | 'setItem'>;

const prefix = 'nudge plan: ';

/**
 * Keeps plans in a browser's storage.
 * @param storage default `localStorage`
 * @param userAgent default the browser's own
 *
 * @example
 * const trainer = await Trainer.create(network, { ...options, plan: 'tuned', planCache: storagePlanCache() });
 */
export function storagePlanCache(
  storage: PlanStorage = globalThis.localStorage,
  userAgent: string = globalThis.navigator.userAgent,
): PlanCache {
  return {
    runtime: browserName(userAgent),
    get: (key) => Promise.resolve(storage.getItem(prefix + key) ?? undefined),
    // eslint-disable-next-line @typescript-eslint/require-await -- a full storage throws, and a promise should reject
    set: async (key, text) => storage.setItem(prefix + key, text),
  };
}

/** The browser and its major version, from the last of the products that a user agent lists: 'Chrome 147'. */
export function browserName(userAgent: string): string {
  const products = [...userAgent.matchAll(/(Firefox|Edg|Chrome|Version)\/(\d+)/g)];
  const [, name, major] = products.find(([, product]) => product === 'Edg') ?? products[0] ?? [];
  if (name === undefined) return userAgent;
  return `${name === 'Version' ? 'Safari' : name} ${major}`;
}

/** Keeps plans for as long as it lives. */
export function memoryPlanCache(
  runtime: string,
  entries: Iterable<readonly [string, string]> = [],
): PlanCache & { readonly entries: ReadonlyMap<string, string> } {
  const map = new Map(entries);
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
