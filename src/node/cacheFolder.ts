/** Where the user's caches are. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { TemporaryFolder } from './temporaryFolder.ts';

/**
 * nudge's own folder, which need not be there yet: `nudge` in XDG_CACHE_HOME where that is an absolute path, as its
 * specification asks, in LOCALAPPDATA on Windows, else in ~/.cache.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: named = '', LOCALAPPDATA: local = '' } = environment;
  const windows = process.platform === 'win32' && isAbsolute(local) ? local : undefined;
  const folder = isAbsolute(named) ? named : (windows ?? join(homedir(), '.cache'));
  return join(folder, 'nudge');
}

/**
 * Makes a folder for this user only, where there is none.
 * @returns `wanted`; where that cannot be written, a temporary folder, which goes with this process
 */
export async function writableCache(wanted: string): Promise<string> {
  try {
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    // Being there says nothing about being writable, so try.
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
