/**
 * One download at a time into a folder: two would write the same `.part` files. A file in the folder holds the
 * number of the process that has it, so that what a killed one left behind is known for that.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DownloadError } from '../errors.ts';

/**
 * Takes the folder for this call.
 * @returns gives it back
 * @throws {DownloadError} when a process that is alive has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, '.nudge-download.lock');
  if (!(await create(path))) {
    const holder = await readHolder(path);
    // An empty file is one that is just being written.
    const isHeld = holder === '' || (holder !== undefined && isAlive(Number(holder)));
    if (!isHeld) await rm(path, { force: true });
    if (isHeld || !(await create(path))) {
      throw new DownloadError(
        `Another nudge${holder ? ` (process ${holder})` : ''} is downloading into ${folder}. ` +
          `Wait until it is done; if there is none, delete ${path}.`,
      );
    }
  }
  return () => rm(path, { force: true });
}

/** @returns false where it is there already */
async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns undefined when it has been given back meanwhile */
async function readHolder(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be asked, but is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
