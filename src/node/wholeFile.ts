/** Writes files atomically: a reader, or a crash at any moment, finds the old content or the new one, never a part. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Writes a file under a temporary name in the same folder, syncs it and renames it. The new file keeps the permissions
 * of the old one. If `path` is a link, its target is replaced. Pipes and devices are written to directly.
 * @throws the file system's error; the old file is then unchanged
 */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const found = await statusOf(path);
  if (found?.isFile() === false) {
    await writeThrough(path, 'w', content);
    return;
  }
  const target = found === undefined ? resolve(path) : await realpath(path);
  const folder = dirname(target);
  // The temporary name does not contain the target's, which may already have the maximum length.
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

/** The status of `path`; undefined if nothing is there. @throws the file system's other errors */
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
  // If there is an old file, it may be private, so keep the new one private until it has the same permissions.
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

/** Makes the new name survive a power failure. Some systems cannot sync a folder. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // The file is complete. Only its new name could be lost if the power fails now.
  }
}
