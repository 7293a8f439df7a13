/** nudge's folder in the user's cache. */
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { TemporaryFolder } from './temporaryFolder.ts';
import { createFolder } from './wholeFile.ts';

/**
 * Path of nudge's own cache folder, which may not exist yet. It is `nudge` in XDG_CACHE_HOME if that is an absolute
 * path, as its specification requires, else in LOCALAPPDATA on Windows, else in ~/.cache.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: named = '', LOCALAPPDATA: local = '' } = environment;
  const windows = process.platform === 'win32' && isAbsolute(local) ? local : undefined;
  const folder = isAbsolute(named) ? named : (windows ?? join(homedir(), '.cache'));
  return join(folder, 'nudge');
}

/**
 * Creates a folder for this user only, if it does not exist.
 * @returns `wanted`, or, if that is not writable, a temporary folder that is removed when this process ends
 */
export async function writableCache(wanted: string): Promise<string> {
  try {
    await createFolder(wanted, 0o700);
    // An existing folder may not be writable, so try.
    await rm(await mkdtemp(join(wanted, '.try-')), { recursive: true });
    return wanted;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const unwritable = ['EACCES', 'EROFS', 'EPERM', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ENOSPC'];
    if (!unwritable.includes(code)) throw error;
    const folder = await TemporaryFolder.create('nudge-');
    folder.removeAtExit();
    return folder.path;
  }
}
