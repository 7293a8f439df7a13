/** MNIST from a folder of this machine. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MissingDataError } from '../errors.ts';
import {
  mnistFiles,
  readMnist,
  readRoles,
  type MnistFile,
  type TrainingAndTest,
} from '../data/mnist.ts';

/**
 * Where MNIST is looked for: `folder`, else the environment's MNIST_DIR, else `data/mnist` in the working
 * directory. Only the first of these that is given counts, so that a mistyped name is an error and not
 * another folder's data.
 */
export function mnistFolder(folder?: string): string {
  const { MNIST_DIR: fromEnvironment = '' } = process.env;
  // A variable set to nothing is how many shells unset one.
  const standing = fromEnvironment === '' ? join('data', 'mnist') : fromEnvironment;
  return resolve(folder ?? standing);
}

/** {@link mnistFolder} when all four files are in it, plain or as .gz; whether they are sound is not looked at. */
export async function findMnistFolder(folder?: string): Promise<string | undefined> {
  const found = mnistFolder(folder);
  const paths = await Promise.all(mnistFiles.map((file) => findFile(found, file)));
  return paths.includes(undefined) ? undefined : found;
}

/**
 * The training and test set in a folder's four files, each plain or as .gz; of both, the plain one.
 * @param folder default as {@link mnistFolder} says
 * @throws {MissingDataError} when a file is missing or cannot be read
 * @throws {FormatError} when a file is damaged
 *
 * @example
 * const { training, test } = await loadMnist();
 * training.sampleCount; // 60000
 */
export async function loadMnist(folder?: string): Promise<TrainingAndTest> {
  const found = mnistFolder(folder);
  const paths = new Map<MnistFile, string>();
  for (const file of mnistFiles) {
    const path = await findFile(found, file);
    if (path !== undefined) paths.set(file, path);
  }
  const missing = mnistFiles.filter((file) => !paths.has(file));
  if (missing.length > 0) {
    throw new MissingDataError(
      `${missing.length} of the ${mnistFiles.length} MNIST files are not in ${found}: ` +
        `${missing.map((file) => file.name).join(', ')} (each also as .gz). ` +
        "Fetch them with 'npm run nudge -- data mnist', or set MNIST_DIR to the folder that has them.",
    );
  }
  return readMnist(await readRoles((file) => readPath(paths.get(file)!)));
}

async function findFile(folder: string, file: MnistFile): Promise<string | undefined> {
  for (const name of [file.name, `${file.name}.gz`]) {
    const path = join(folder, name);
    if (await isFile(path)) return path;
  }
  return undefined;
}

/**
 * Whether there is a file at `path`.
 * @throws {MissingDataError} when that cannot be found out
 */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw unreadable(path, cause);
  }
}

async function readPath(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): MissingDataError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MissingDataError(
    `The file ${path} cannot be read (${reason}). Check its permissions, or name another folder.`,
    { cause },
  );
}
