/** Keeps tuned plans in a file of the user's cache folder. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileError } from '../errors.ts';
import type { PlanCache } from '../gpu/plan/cache.ts';
import {
  requireFunction,
  requireObject,
  requireOptions,
  requireText,
} from '../network/arguments.ts';
import { cacheFolder } from './cacheFolder.ts';
import { createFolder, reasonOf, writeWhole } from './wholeFile.ts';

/** The content of the file, as JSON. */
interface CacheFile {
  readonly format: typeof format;
  /** Plans by key. */
  readonly plans: Readonly<Record<string, string>>;
}

const format = 'nudge plan cache';

export interface FilePlanCacheOptions {
  /** See `PlanCache.runtime`. */
  readonly runtime: string;
  /** Default {@link planCachePath}. */
  readonly path?: string | undefined;
  /** Called with a sentence when the file is damaged or cannot be read. The cache then counts as empty. */
  readonly onProblem?: ((sentence: string) => void) | undefined;
}

/** Path of the file: `plans.json` in nudge's folder of the user's cache. */
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
 * Keeps plans in a file. If two processes write at the same time, the later one's whole file remains.
 *
 * @example
 * const planCache = filePlanCache({ runtime: `Node ${process.versions.node}` });
 */
export function filePlanCache(options: FilePlanCacheOptions): PlanCache & {
  readonly path: string;
  /** All plans, by key. */
  readAll(): Promise<ReadonlyMap<string, string>>;
  /** @throws {FileError} when the plan cannot be stored; the file keeps those that it has */
  set(key: string, text: string): Promise<void>;
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
      try {
        // A damaged file is replaced. One that cannot be read now keeps its plans.
        const plans = new Map(readPlanCache(await readText(path))).set(key, text);
        const file: CacheFile = { format, plans: Object.fromEntries(plans) };
        await createFolder(dirname(path));
        await writeWhole(path, `${JSON.stringify(file, undefined, 2)}\n`);
      } catch (cause) {
        throw new FileError(
          `The plan could not be stored in ${path}: ${reasonOf(cause)}. Make room, or name another file.`,
          { cause },
        );
      }
    },
  };
}

async function readPlans(
  path: string,
  onProblem: FilePlanCacheOptions['onProblem'],
): Promise<ReadonlyMap<string, string>> {
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    onProblem?.(
      `The cache of tuned plans ${path} cannot be read (${(error as Error).message}). It is ignored.`,
    );
    return new Map();
  }
  const plans = readPlanCache(text);
  if (plans) return plans;
  onProblem?.(
    `The cache of tuned plans ${path} is damaged. It is ignored, and the next tuned plan replaces it.`,
  );
  return new Map();
}

/** The text of a cache file; that of an empty cache if there is no file. @throws the file system's other errors */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // No plan has been tuned yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return JSON.stringify({ format, plans: {} } satisfies CacheFile);
    }
    throw error;
  }
}

/** The plans in the text of a cache file; undefined if the text is damaged. */
export function readPlanCache(text: string): ReadonlyMap<string, string> | undefined {
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
