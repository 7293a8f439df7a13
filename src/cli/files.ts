/** The files that a command reads and writes. Whether a file can be written is checked before the work starts. */
import { access, constants, readFile, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { statusOf, writeWhole } from '../node/wholeFile.ts';
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

/**
 * Refuses two outputs in one file.
 * @param paths by the name of their option, without its dashes; undefined where none was given
 * @throws {UsageError}
 */
export function requireDistinct(paths: Readonly<Record<string, string | undefined>>): void {
  const named = new Map<string, string>();
  for (const [name, path] of Object.entries(paths)) {
    if (path === undefined) continue;
    const other = named.get(resolve(path));
    if (other !== undefined) {
      throw new UsageError(
        `--${other} and --${name} both name '${path}'. Give them different files.`,
      );
    }
    named.set(resolve(path), name);
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
 * @throws {UsageError} when its folder is missing or read-only, its name is too long, or it is a folder itself
 */
export async function prepareOutput(path: string, option: string): Promise<OutputFile> {
  const refuse = (why: string, cause?: unknown) =>
    new UsageError(`${option} cannot write '${path}': ${why}`, { cause });
  try {
    const found = await statusOf(path);
    if (path === '' || found?.isDirectory() === true) {
      throw new UsageError(`${option} takes the name of a file, and '${path}' is a folder.`);
    }
    // Of a link, the folder that it leads to: the file is replaced there.
    const folder = dirname(found === undefined ? resolve(path) : await realpath(path));
    if ((await statusOf(folder))?.isDirectory() !== true) {
      throw refuse(`there is no folder ${folder}. Make it first, or name another file.`);
    }
    // Replacing a file takes permission for its folder; writing to a pipe or a device, for itself.
    await access(found === undefined || found.isFile() ? folder : path, constants.W_OK);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw refuse(`${reasonOf(error)}. Name another file, in a folder of yours.`, error);
  }
  return { path, write: (content) => writeOutput(path, content) };
}

async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeWhole(path, content);
  } catch (cause) {
    throw new FileError(
      `The file '${path}' could not be written: ${reasonOf(cause)}. Nothing was left behind; make room, or name another file.`,
      { cause },
    );
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
  ENAMETOOLONG: 'its name is too long (255 bytes are the most on most systems)',
};

/** What a system error means, in words. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}
