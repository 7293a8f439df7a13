/**
 * Where the built page lies. An installed nudge brings it along. A checkout builds it, which takes some seconds, and
 * keeps what it has built in the user's cache folder for as long as nothing changes that it was built from.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BrowserError } from '../errors.ts';
import { cacheFolder } from './cacheFolder.ts';
import { buildPage } from './pageBuild.ts';
import { findPage, keepPage, pageOf } from './pageCache.ts';
import { isInKey, pageKey } from './pageKey.ts';
import { TemporaryFolder } from './temporaryFolder.ts';

export type PageFolder = Pick<TemporaryFolder, 'path' | 'dispose'>;

/**
 * The folder of the built page; `dispose()` removes it if it was built for this call alone.
 * @throws {BrowserError} when the page is not there and cannot be built
 */
export async function providePage(): Promise<PageFolder> {
  const isCheckout = import.meta.url.endsWith('.ts');
  if (isCheckout) return await providePageOf(fileURLToPath(new URL('../../', import.meta.url)));

  const path = fileURLToPath(new URL('../../page', import.meta.url));
  if (!existsSync(join(path, 'headless.html'))) {
    throw new BrowserError(
      `The built page is missing from ${path}. Install nudge again, or run 'npm run build' in its checkout.`,
    );
  }
  return shared(path);
}

/**
 * The page of a checkout, built if it is not in the cache already. Where it cannot be kept it is built into a folder
 * of its own, which goes with this process at the latest.
 * @param cache folder of built pages, made where there is none
 * @throws {BrowserError} when it cannot be built
 */
export async function providePageOf(
  checkout: string,
  cache = join(cacheFolder(), 'pages'),
): Promise<PageFolder> {
  const key = await pageKey(checkout);
  const kept = await findPage(cache, key);
  if (kept !== undefined) return shared(pageOf(kept));

  const cached = await folderInCache(cache);
  const folder = cached ?? (await TemporaryFolder.create('nudge-page-'));
  folder.removeAtExit();
  try {
    const files = await buildPage(checkout, pageOf(folder.path));
    // A page is not shared if a source changed meanwhile, or is not part of the key.
    const isOfKey =
      files.every((file) => isInKey(checkout, file)) && (await pageKey(checkout)) === key;
    const entry = cached && isOfKey ? await keepPage(cache, key, folder.path) : undefined;
    if (entry === undefined) {
      return { path: pageOf(folder.path), dispose: () => folder.dispose() };
    }
    folder.dispose();
    return shared(pageOf(entry));
  } catch (error) {
    folder.dispose();
    throw error;
  }
}

/** A folder that others use as well, and that therefore stays. */
function shared(path: string): PageFolder {
  return { path, dispose: () => undefined };
}

/** A new folder in the cache, for this user only; undefined where the cache cannot be written. */
async function folderInCache(cache: string): Promise<TemporaryFolder | undefined> {
  try {
    await mkdir(cache, { recursive: true, mode: 0o700 });
    return await TemporaryFolder.create('.building-', cache);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const unwritable = ['EACCES', 'EROFS', 'EPERM', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ENOSPC'];
    if (unwritable.includes(code)) return undefined;
    throw error;
  }
}
