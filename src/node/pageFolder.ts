/**
 * Where the built page lies. An installed nudge brings it along. A checkout builds it, which takes some seconds, and
 * keeps what it has built in the user's cache, below the hash of what it was built from.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BrowserError } from '../errors.ts';
import { cacheFolder, writableCache } from './cacheFolder.ts';
import { findCommit } from './commit.ts';

/** Long enough that no command is still at work on a page that goes. */
const keptDays = 3;

/**
 * What a checkout's page is built from; not every checkout has all of it. `npm run layers` sees to it that the page
 * imports nothing else.
 */
const inputs = [
  'src',
  'shaders',
  'vite.config.ts',
  'test/firstLoadBudget.ts',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  // What is installed, which may differ from what is locked.
  'node_modules/.package-lock.json',
];

/**
 * The folder of the built page.
 * @throws {BrowserError} when the page is not there and cannot be built
 */
export async function providePage(): Promise<string> {
  const isCheckout = import.meta.url.endsWith('.ts');
  if (isCheckout) return await providePageOf(fileURLToPath(new URL('../../', import.meta.url)));

  const path = fileURLToPath(new URL('../../page', import.meta.url));
  if (!existsSync(join(path, 'headless.html'))) {
    throw new BrowserError(
      `The built page is missing from ${path}. Install nudge again, or run 'npm run build' in its checkout.`,
    );
  }
  return path;
}

/**
 * The page of a checkout, built if it is not in the cache already.
 * @param cache folder of built pages, made where there is none; where it cannot be written, the page is built into a
 *   temporary folder, which goes with this process
 * @throws {BrowserError} when it cannot be built
 */
export async function providePageOf(
  checkout: string,
  cache = join(cacheFolder(), 'pages'),
): Promise<string> {
  const key = await pageKey(checkout);
  const kept = join(cache, key);
  if (existsSync(kept)) {
    const now = new Date();
    // The age decides what goes. A cache that may only be read keeps everything.
    await utimes(kept, now, now).catch(() => undefined);
    return kept;
  }
  const folder = await writableCache(cache);
  await removeOld(folder);
  const page = join(folder, key);
  const building = await mkdtemp(join(folder, '.building-'));
  try {
    await buildPage(checkout, building);
    // A source changed meanwhile.
    if ((await pageKey(checkout)) !== key) return await providePageOf(checkout, cache);
    await rename(building, page);
  } catch (error) {
    // Another process may have been quicker, and its page is as good.
    if (!existsSync(page)) throw error;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return page;
}

/**
 * The same key, the same page.
 * @param environment of which Vite builds NODE_ENV into the page, and `vite.config.ts` NUDGE_COMMIT
 * @returns SHA-256 in hexadecimal
 */
export async function pageKey(checkout: string, environment = process.env): Promise<string> {
  // Vite sets NODE_ENV to this where it is not set, for the rest of the process.
  const { NODE_ENV: mode = 'production' } = environment;
  const hash = createHash('sha256').update(`${mode}\n${findCommit(checkout, environment)}\n`);
  for (const file of inputs.flatMap((input) => filesAt(join(checkout, input)))) {
    const content = await readFile(file);
    // With its length, so that no two lists of files run together to the same bytes.
    hash.update(`${relative(checkout, file)}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** The file at a path, or the files below it, in an order of their own; none where it is not there. */
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
      `The page is built with Vite, which is not installed. Run 'npm ci' in ${checkout}.`,
      { cause: error },
    );
  });
  try {
    await build({
      configFile: join(checkout, 'vite.config.ts'),
      root: join(checkout, 'src/page'),
      // The default one writes into node_modules, which may not be writable.
      configLoader: 'runner',
      logLevel: 'silent',
      build: { outDir: folder, emptyOutDir: false, reportCompressedSize: false },
    });
  } catch (error) {
    throw new BrowserError(`The page does not build: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Removes pages that were not used lately, and unfinished ones of processes that were killed. */
async function removeOld(cache: string): Promise<void> {
  const oldest = Date.now() - keptDays * 24 * 60 * 60 * 1000;
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    // Another process may remove it at the same time.
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? oldest;
    if (used < oldest) await rm(path, { recursive: true, force: true });
  }
}
