/**
 * The files that a command reads and writes. A written file appears under its name only when it is whole: it grows
 * under a temporary name beside it and is renamed. Whether it can be written is checked before the work starts.
 */
import { access, constants, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { FileError, UsageError } from './errors.ts';

/**
 * @param option that names the file, for the error: '--load'
 * @throws {FileError} when it cannot be read
 */
export async function readInput(path: string, option: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return Uint8Array.from(await readFile(path));
  } catch (cause) {
    throw new FileError(
      `The file '${path}' cannot be read: ${reasonOf(cause)}. Check the path given to ${option}.`,
      { cause },
    );
  }
}

/** A file that can be written, as far as one can tell in advance. */
export interface OutputFile {
  readonly path: string;
  /** @throws {FileError} when it cannot be written after all; the file is then as it was before */
  write(content: Uint8Array | string): Promise<void>;
}

/**
 * Checks that `path` can be written, without touching it.
 * @param option that names the file, for the error: '--save'
 * @throws {UsageError} when its folder is missing or closed to us, or it is a folder itself
 */
export async function prepareOutput(path: string, option: string): Promise<OutputFile> {
  const folder = dirname(resolve(path));
  const found = await statusOf(path);
  if (path === '' || found?.isDirectory() === true) {
    throw new UsageError(`${option} takes the name of a file, and '${path}' is a folder.`);
  }
  const parent = await statusOf(folder);
  if (parent?.isDirectory() !== true) {
    throw new UsageError(
      `${option} cannot write '${path}': there is no folder ${folder}. Make it first, or name another file.`,
    );
  }
  try {
    // Replacing a file needs its folder, and writing into what is no plain file, a pipe say, needs that itself.
    await access(found === undefined || found.isFile() ? folder : path, constants.W_OK);
  } catch (cause) {
    throw new UsageError(
      `${option} cannot write '${path}': ${reasonOf(cause)}. Name a file in a folder that is yours.`,
      { cause },
    );
  }
  return { path, write: (content) => writeWhole(path, content) };
}

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  try {
    const found = await statusOf(path);
    if (found?.isFile() === false) {
      // A pipe or a device must not be replaced by a file.
      await writeThrough(path, content);
      return;
    }
    // A link stays one, and what it points to is replaced.
    const target = found === undefined ? resolve(path) : await realpath(path);
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    try {
      await writeThrough(temporary, content);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (cause) {
    throw new FileError(
      `The file '${path}' could not be written: ${reasonOf(cause)}. Nothing was left behind; make room, or name another file.`,
      { cause },
    );
  }
}

async function writeThrough(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    // Pipes and some devices have nothing to sync.
    if ((await file.stat()).isFile()) await file.sync();
  } finally {
    await file.close();
  }
}

async function statusOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new FileError(`'${path}' cannot be looked at: ${reasonOf(error)}. Name another file.`, {
      cause: error,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'it is on a disk that cannot be written',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
  EMFILE: 'too many files are open',
};

/** What a system error means, in words. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}
