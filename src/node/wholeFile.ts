/** Writes files so that a reader, or a crash at any moment, finds the old content or the new one, never a part. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Writes a file under a temporary name beside it, syncs it and renames it. A file that is replaced passes on its
 * permissions; a link stays a link, and its target is replaced; a pipe or a device is written to as it is.
 * @throws the file system's error; the file is then as it was before
 */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const found = await statusOf(path);
  if (found?.isFile() === false) {
    await writeThrough(path, 'w', content);
    return;
  }
  const target = found === undefined ? resolve(path) : await realpath(path);
  const folder = dirname(target);
  // A short name of its own: the target's may already be as long as a name can be.
  const temporary = join(folder, `.nudge-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeThrough(temporary, 'wx', content, found && found.mode & 0o7777);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** What is at `path`; undefined where there is nothing. @throws the file system's error for a path that cannot be */
export async function statusOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function writeThrough(
  path: string,
  flags: 'w' | 'wx',
  content: Uint8Array | string,
  mode?: number,
): Promise<void> {
  // Closed to others from the start where the file that is replaced may be.
  const file = await open(path, flags, mode === undefined ? undefined : 0o600);
  try {
    if (mode !== undefined) await file.chmod(mode);
    await file.writeFile(content);
    // Pipes and some devices cannot be synced.
    if ((await file.stat()).isFile()) await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name last through a power failure. Some systems cannot sync a folder; the file is whole there, too. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // The file is written; only its name might be lost if the power fails at this moment.
  }
}
