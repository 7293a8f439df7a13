/** Reads MNIST from a folder. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MissingDataError } from '../errors.ts';
import { requireText } from '../network/arguments.ts';
import {
  mnistFiles,
  readMnist,
  readRoles,
  type MnistFile,
  type MnistRole,
  type TrainingAndTest,
} from '../data/mnist.ts';

/**
 * The folder of MNIST: `folder`, else the environment's MNIST_DIR, else `data/mnist` in the working
 * directory. It does not check the next one if the folder does not exist, so that a mistyped name is an error and
 * does not load other data.
 */
export function mnistFolder(folder?: string): string {
  if (folder !== undefined) requireText('The folder of MNIST', folder);
  const { MNIST_DIR: fromEnvironment = '' } = process.env;
  // An empty variable counts as unset, because many shells unset variables like that.
  const standing = fromEnvironment === '' ? join('data', 'mnist') : fromEnvironment;
  return resolve(folder ?? standing);
}

/**
 * The folder of MNIST if all four files are in it, plain or as .gz; else undefined. It does not check their contents.
 * @param folder default: the environment's MNIST_DIR, else `data/mnist` in the working directory
 */
export async function findMnistFolder(folder?: string): Promise<string | undefined> {
  const found = mnistFolder(folder);
  const names = await Promise.all(mnistFiles.map((file) => findName(found, file)));
  return names.includes(undefined) ? undefined : found;
}

/**
 * The names of the four files in a folder, each plain or as .gz. If both are there, it gives the plain one.
 * @throws {MissingDataError} when a file is missing or cannot be accessed
 */
export async function mnistFileNames(folder: string): Promise<Record<MnistRole, string>> {
  const names: [MnistRole, string][] = [];
  const missing: string[] = [];
  for (const file of mnistFiles) {
    const name = await findName(folder, file);
    if (name === undefined) missing.push(file.name);
    else names.push([file.role, name]);
  }
  if (missing.length > 0) {
    throw new MissingDataError(
      `${missing.length} of the ${mnistFiles.length} MNIST files are missing in ${folder}: ` +
        `${missing.join(', ')} (each also as .gz). ` +
        "Fetch them with 'nudge data mnist', name the folder that has them, or train on digits.",
    );
  }
  return Object.fromEntries(names) as Record<MnistRole, string>;
}

/**
 * Loads the training set and the test set from a folder's four files, each plain or as .gz. If both are there, it reads
 * the plain one.
 * @param folder default: the environment's MNIST_DIR, else `data/mnist` in the working directory
 * @throws {MissingDataError} when a file is missing or cannot be read
 * @throws {FormatError} when a file is damaged
 *
 * @example
 * const { training, test } = await loadMnist();
 * training.sampleCount; // 60000
 */
export async function loadMnist(folder?: string): Promise<TrainingAndTest> {
  const found = mnistFolder(folder);
  const names = await mnistFileNames(found);
  return readMnist(await readRoles(({ role }) => readPath(join(found, names[role]))));
}

async function findName(folder: string, file: MnistFile): Promise<string | undefined> {
  for (const name of [file.name, `${file.name}.gz`]) {
    if (await isFile(join(folder, name))) return name;
  }
  return undefined;
}

/**
 * Whether there is a file at `path`.
 * @throws {MissingDataError} when `path` cannot be accessed
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
