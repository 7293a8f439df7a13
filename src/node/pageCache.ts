/**
 * Built pages in the user's cache folder, each below the hash of what it was built from. An entry is made aside and
 * renamed into its place, so that it is there whole or not at all; and it lists the hashes of its files, so that a
 * damaged one is known for that.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** What an entry's `manifest.json` says. */
interface Manifest {
  readonly format: typeof format;
  /** SHA-256 by path inside the page's folder. */
  readonly files: Readonly<Record<string, string>>;
}

const format = 'nudge page';
/** Long enough that no command is still at work on the page of an entry that goes. */
const keptDays = 3;

/** Where the page of an entry lies, whether it is kept or in the making. */
export function pageOf(entry: string): string {
  return join(entry, 'page');
}

/**
 * The entry of that key, which counts as used today.
 * @returns undefined where there is none, or a damaged one
 */
export async function findPage(cache: string, key: string): Promise<string | undefined> {
  const entry = join(cache, key);
  if (!(await isSound(entry))) return undefined;
  const now = new Date();
  // The age decides what goes; that of a cache that may only be read decides nothing.
  await utimes(entry, now, now).catch(() => undefined);
  return entry;
}

/**
 * Keeps an entry that was made aside, in the same cache, and removes those that were not used for three days.
 * @param made folder with the page in {@link pageOf}; it is gone afterwards, unless undefined is returned
 * @returns the entry kept: this one, or that of a process that was quicker; undefined where it cannot be kept
 */
export async function keepPage(
  cache: string,
  key: string,
  made: string,
): Promise<string | undefined> {
  const manifest: Manifest = { format, files: await hashFiles(pageOf(made)) };
  await writeFile(join(made, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const entry = join(cache, key);
  if (!(await move(made, entry))) {
    const other = await findPage(cache, key);
    if (other !== undefined) {
      await rm(made, { recursive: true });
      return other;
    }
    // What lies there is damaged. Another process may be about to replace it as well.
    const aside = `${made}-damaged`;
    await move(entry, aside);
    await rm(aside, { recursive: true, force: true });
    if (!(await move(made, entry))) return undefined;
  }
  await removeOld(cache);
  return entry;
}

/** @returns false where there is something at `to` already, or nothing at `from` */
async function move(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Windows says EPERM of a folder that is in the way.
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR', 'ENOENT'].includes(code)) return false;
    throw error;
  }
}

async function isSound(entry: string): Promise<boolean> {
  try {
    const text = await readFile(join(entry, 'manifest.json'), 'utf8');
    const manifest = JSON.parse(text) as Partial<Manifest> | null;
    if (manifest?.format !== format) return false;
    const found = await hashFiles(pageOf(entry));
    return JSON.stringify(manifest.files) === JSON.stringify(found);
  } catch {
    // Whatever is wrong with it, a page that is built anew is as good.
    return false;
  }
}

/** The hashes of a folder's files, in the order of their paths. */
async function hashFiles(folder: string): Promise<Manifest['files']> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hashes = paths.map(async (path) => {
    const hash = createHash('sha256').update(await readFile(path));
    return [relative(folder, path), hash.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

/** Removes entries that were not used lately, and unfinished ones of processes that were killed. */
async function removeOld(cache: string): Promise<void> {
  const oldest = Date.now() - keptDays * 24 * 60 * 60 * 1000;
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    // Another process may remove it at the same time.
    const status = await stat(path).catch(() => undefined);
    if (status && status.mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
}
