/**
 * The folder of the built page. An installed nudge contains it. A checkout builds it, which takes some seconds, and
 * keeps it in the user's cache under a hash of its sources.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BrowserError } from '../errors.ts';
import { cacheFolder, writableCache } from './cacheFolder.ts';
import { findCommit } from './commit.ts';

/** Pages are kept for longer than any command runs, so none is removed while it is in use. */
const keptDays = 3;

/**
 * The sources of a checkout's page. Some may be missing. `npm run layers` checks that the page imports nothing else.
 */
const inputs = [
  'src',
  'shaders',
  'vite.config.ts',
  'test/firstLoadBudget.ts',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  // The installed packages, which may differ from the locked ones.
  'node_modules/.package-lock.json',
];

/**
 * The folder of the built page. A checkout builds it if necessary.
 * @throws {BrowserError} when the page is missing or cannot be built
 */
export async function providePage(): Promise<string> {
  const isCheckout = import.meta.url.endsWith('.ts');
  if (isCheckout) return await providePageOf(fileURLToPath(new URL('../../', import.meta.url)));

  const path = fileURLToPath(new URL('../../page', import.meta.url));
  if (!existsSync(join(path, 'headless.html'))) {
    throw new BrowserError(
      `The built page is missing in ${path}. Install nudge again, or run 'npm run build' in its checkout.`,
    );
  }
  return path;
}

/**
 * The folder of a checkout's page, which is built if it is not in the cache.
 * @param cache folder of built pages, created if it does not exist. If it is not writable, the page is built into a
 *   temporary folder that is removed when this process ends
 * @throws {BrowserError} when the page cannot be built
 */
export async function providePageOf(
  checkout: string,
  cache = join(cacheFolder(), 'pages'),
): Promise<string> {
  const key = await pageKey(checkout);
  const kept = join(cache, key);
  if (existsSync(kept)) {
    const now = new Date();
    // Mark the page as used, because old ones are removed. This fails in a read-only cache, which removes nothing.
    await utimes(kept, now, now).catch(() => undefined);
    return kept;
  }
  const folder = await writableCache(cache);
  await removeOld(folder);
  const page = join(folder, key);
  const building = await mkdtemp(join(folder, '.building-'));
  try {
    await buildPage(checkout, building);
    // Start again if a source has changed during the build.
    if ((await pageKey(checkout)) !== key) return await providePageOf(checkout, cache);
    await rename(building, page);
  } catch (error) {
    // If another process finished first, its page is used.
    if (!existsSync(page)) throw error;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return page;
}

/**
 * A hash of everything that the page is built from. Equal keys mean equal pages.
 * @param environment environment variables. Vite builds NODE_ENV into the page, and `vite.config.ts` NUDGE_COMMIT
 * @returns SHA-256 in hexadecimal
 */
export async function pageKey(checkout: string, environment = process.env): Promise<string> {
  // If NODE_ENV is not set, Vite sets it to this for the rest of the process.
  const { NODE_ENV: mode = 'production' } = environment;
  const hash = createHash('sha256').update(`${mode}\n${findCommit(checkout, environment)}\n`);
  for (const file of inputs.flatMap((input) => filesAt(join(checkout, input)))) {
    const content = await readFile(file);
    // The length ensures that no two lists of files give the same bytes.
    hash.update(`${relative(checkout, file)}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** The file at a path, or the files in the folder there in a fixed order; empty if nothing is there. */
function filesAt(path: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isDirectory()) return status ? [path] : [];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesAt(join(path, name)));
}

async function buildPage(checkout: string, folder: string): Promise<void> {
  const { build } = await import('vite').catch((error: unknown) => {
    throw new BrowserError(
      `Vite, which builds the page, is not installed. Run 'npm ci' in ${checkout}.`,
      { cause: error },
    );
  });
  try {
    await build({
      configFile: join(checkout, 'vite.config.ts'),
      root: join(checkout, 'src/page'),
      // The default loader writes into node_modules, which may not be writable.
      configLoader: 'runner',
      logLevel: 'silent',
      build: { outDir: folder, emptyOutDir: false, reportCompressedSize: false },
    });
  } catch (error) {
    throw new BrowserError(`The page could not be built: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Removes pages that were not used recently, and unfinished ones of processes that were killed. */
async function removeOld(cache: string): Promise<void> {
  const oldest = Date.now() - keptDays * 24 * 60 * 60 * 1000;
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    // Another process may have just removed it.
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? oldest;
    if (used < oldest) await rm(path, { recursive: true, force: true });
  }
}
