/** Tuned plans in a file of the user's cache folder. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PlanCache } from '../gpu/plan/cache.ts';
import {
  requireFunction,
  requireObject,
  requireOptions,
  requireText,
} from '../network/arguments.ts';
import { cacheFolder } from './cacheFolder.ts';
import { writeWhole } from './wholeFile.ts';

/** What the file says: JSON of this. */
interface CacheFile {
  readonly format: typeof format;
  /** By key. */
  readonly plans: Readonly<Record<string, string>>;
}

const format = 'nudge plan cache';

export interface FilePlanCacheOptions {
  /** See `PlanCache.runtime`. */
  readonly runtime: string;
  /** Default {@link planCachePath}. */
  readonly path?: string | undefined;
  /** Told, in a sentence, when the file is not what it should be; it is then taken for empty, and replaced. */
  readonly onProblem?: ((sentence: string) => void) | undefined;
}

/** The file: `plans.json` in nudge's folder of the user's cache. */
export function planCachePath(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  requireObject('The environment', environment);
  for (const name of ['XDG_CACHE_HOME', 'LOCALAPPDATA']) {
    const value = environment[name];
    if (value !== undefined) requireText(`${name} of the environment`, value);
  }
  return join(cacheFolder(environment), 'plans.json');
}

/**
 * Keeps plans in a file. Of two processes that write at the same moment, the file is the later one's, whole.
 *
 * @example
 * const planCache = filePlanCache({ runtime: `Node ${process.versions.node}` });
 */
export function filePlanCache(options: FilePlanCacheOptions): PlanCache & {
  readonly path: string;
  /** All plans, by key. */
  readAll(): Promise<ReadonlyMap<string, string>>;
} {
  requireOptions('filePlanCache', options, { runtime: true, path: true, onProblem: true });
  const { runtime, path = planCachePath(), onProblem } = options;
  requireText('runtime', runtime);
  requireText('path', path);
  requireFunction('onProblem', onProblem);
  const readAll = () => readPlans(path, onProblem);
  return {
    runtime,
    path,
    readAll,
    get: async (key) => (await readAll()).get(key),
    set: async (key, text) => {
      const plans = new Map(await readPlans(path, undefined)).set(key, text);
      const file: CacheFile = { format, plans: Object.fromEntries(plans) };
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, `${JSON.stringify(file, undefined, 2)}\n`);
    },
  };
}

async function readPlans(
  path: string,
  onProblem: FilePlanCacheOptions['onProblem'],
): Promise<ReadonlyMap<string, string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    // Nothing was tuned yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    onProblem?.(
      `The cache of tuned plans, ${path}, cannot be read (${(error as Error).message}); it is passed over.`,
    );
    return new Map();
  }
  const plans = plansIn(text);
  if (plans) return plans;
  onProblem?.(
    `The cache of tuned plans, ${path}, is damaged; it is passed over, and replaced by the next plan that is tuned.`,
  );
  return new Map();
}

/** Undefined for a text that is no cache file. */
function plansIn(text: string): ReadonlyMap<string, string> | undefined {
  let file: Partial<CacheFile> | null;
  try {
    file = JSON.parse(text) as Partial<CacheFile> | null;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (file?.format !== format || typeof file.plans !== 'object') return undefined;
  const entries = Object.entries((file.plans as Record<string, unknown> | null) ?? {});
  const isSound = (entry: [string, unknown]): entry is [string, string] =>
    typeof entry[1] === 'string';
  return entries.every(isSound) ? new Map(entries) : undefined;
}
