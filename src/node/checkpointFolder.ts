/** Checkpoints in a folder. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { ConfigurationError, FileError } from '../errors.ts';
import { CheckpointSlots } from '../formats/checkpointSlots.ts';
import { requireText } from '../network/arguments.ts';
import {
  createFolder,
  reasonOf,
  statusOf,
  syncFolder,
  temporaryName,
  writeWhole,
} from './wholeFile.ts';

/**
 * Keeps checkpoints in two files of a folder, which is created when the first one is written. A checkpoint counts as
 * written when the file and the folder are synced to the disk, so that it survives a crash and a power failure.
 * Only one process at a time may write to the folder.
 * @throws {ConfigurationError} for an empty path
 *
 * @example
 * const checkpoints = folderCheckpoints('run');
 * await checkpoints.write(await trainer.checkpoint());
 * const newest = await checkpoints.readNewest();
 * if (newest) trainer = await Trainer.resume(newest.bytes, { gpu: await createGpu() });
 */
export function folderCheckpoints(path: string): CheckpointSlots {
  requireText('The path of the checkpoints', path);
  if (path === '') {
    throw new ConfigurationError(
      "The path of the checkpoints is empty. Name a folder; '.' is the current one.",
    );
  }
  const place = resolve(path);
  let isReady = false;
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw new FileError(
        `A checkpoint in '${path}' could not be ${what}: ${reasonOf(cause)}. Make room, or name another folder.`,
        { cause },
      );
    }
  };
  return new CheckpointSlots({
    place: path,
    read: (name) =>
      attempt('read', async () => {
        const file = join(place, name);
        const found = await statusOf(file);
        // A device or a pipe could be read without an end.
        if (found?.isFile() === false) throw new Error(`${name} is not a file`);
        return found && (await readFile(file));
      }),
    write: (name, bytes) =>
      attempt('written', async () => {
        if (!isReady) await makeReady(place);
        isReady = true;
        await writeWhole(join(place, name), bytes);
      }),
  });
}

/** Creates the folder, and removes what a killed writer left behind. */
async function makeReady(folder: string): Promise<void> {
  const first = await createFolder(folder);
  if (first !== undefined) {
    // The names of new folders must survive a power failure, too.
    for (let made = folder; made.length >= first.length; made = dirname(made)) {
      await syncFolder(dirname(made));
    }
  }
  for (const name of await readdir(folder)) {
    if (temporaryName.test(name)) await rm(join(folder, name), { force: true });
  }
}
