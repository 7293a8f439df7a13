/** Writes files atomically: a reader, or a crash at any moment, finds the old content or the new one, never a part. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** The names of files that are not complete. A killed process leaves them behind. */
export const temporaryName = /^\.nudge-[0-9a-f]{12}\.tmp$/;

/**
 * Writes a file under a temporary name in the same folder, syncs it and renames it. The new file keeps the permissions
 * of the old one. If `path` is a link, its target is replaced. Pipes and devices are written to directly. Also removes
 * temporary files that killed processes left in the folder over an hour ago.
 * @throws the file system's error; the old file is then unchanged, or replaced as a whole if only the folder could not be
 *   synced
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
  await removeAbandoned(folder);
  try {
    await writeThrough(temporary, 'wx', content, found && found.mode & 0o7777);
    await rename(temporary, target);
  } catch (error) {
    // The first failure is the reason, also where the disk lets nothing be removed.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** A temporary file that has not grown for this time belongs to no running process. */
const abandonedMs = 3_600_000;

async function removeAbandoned(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      if (!temporaryName.test(name)) continue;
      const path = join(folder, name);
      const status = await lstat(path);
      if (status.isFile() && Date.now() - status.mtimeMs > abandonedMs) await rm(path);
    }
  } catch {
    // The file can be written nevertheless.
  }
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

/**
 * Creates a folder and the folders above it that are missing. The option `recursive` of Node's `mkdir` does the same, but
 * never returns where an existing parent refuses children with ENOENT, such as /proc or a link to a missing folder.
 * @returns the topmost folder that was created; undefined if all existed
 * @throws the file system's error
 */
export async function createFolder(path: string, mode?: number): Promise<string | undefined> {
  const folders = [resolve(path)];
  for (;;) {
    const parent = dirname(folders.at(-1)!);
    // The root of a missing Windows drive is its own parent.
    if ((await statusOf(parent)) !== undefined || dirname(parent) === parent) break;
    folders.push(parent);
  }
  let created: string | undefined;
  for (const folder of folders.reverse()) {
    try {
      await mkdir(folder, mode);
      created ??= folder;
    } catch (error) {
      if ((await statusOf(folder))?.isDirectory() !== true) throw error;
    }
  }
  return created;
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

/**
 * Makes new names in a folder survive a power failure, where the system can sync folders.
 * @throws the file system's error, such as a failing disk
 */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    // Windows cannot open folders, some file systems cannot sync them, and a folder may be writable but not readable. The
    // file is complete then. Only its new name could be lost if the power fails now.
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'ENOSYS'].includes(code)) throw error;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the disk is read-only',
  EEXIST: 'a file has this name',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'the disk is full',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long (most systems allow 255 bytes)',
};

/** The meaning of a system error in words. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}
