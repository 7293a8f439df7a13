/**
 * Fetches MNIST into a folder. A file has its final name only when it is whole, checked and on the disk: it grows
 * as `NAME.gz.part`, which the next attempt, from either mirror, goes on from; it is checked by size and SHA-256 of
 * its content; then it is renamed.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mnistFiles, type MnistFile } from '../data/mnist.ts';
import { ConfigurationError, DownloadError, FormatError } from '../errors.ts';
import {
  requireArray,
  requireFunction,
  requireObject,
  requireOptions,
  requireSignal,
  requireText,
  requireTexts,
  show,
  type OptionNames,
} from '../network/arguments.ts';
import { fetchPart } from './fetchPart.ts';
import { lockFolder } from './folderLock.ts';
import { isFile } from './mnist.ts';
import { packingOverheadBytes, verifyMnistFile, type Packing } from './verify.ts';

/** Two that hold the same four .gz files; the address of one is this and its name. */
export const mnistMirrors: readonly string[] = [
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
];

export interface DownloadProgress {
  /** Name of the file, as it is on the mirrors. */
  readonly file: string;
  /** Including those of earlier attempts. */
  readonly receivedBytes: number;
  /** Undefined when the server does not say. */
  readonly totalBytes: number | undefined;
}

export interface DownloadOptions {
  /** Where to; made when it is not there. */
  readonly folder: string;
  /** Addresses to put the names after, tried in this order. Default {@link mnistMirrors}. */
  readonly mirrors?: readonly string[] | undefined;
  /** Which files, for another set of the same kind. Default {@link mnistFiles}. */
  readonly files?: readonly MnistFile[] | undefined;
  /** Stops the download, which rejects with the signal's reason; what has arrived is kept for the next. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Instead of the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** A server that sends nothing for this long is given up. Default 30,000. */
  readonly stallTimeoutMs?: number | undefined;
}

export interface DownloadResult {
  /** The folder, absolute. */
  readonly folder: string;
  /** Names of the files that were fetched. */
  readonly fetched: readonly string[];
  /** Names of the files that were there and sound. */
  readonly kept: readonly string[];
  /** New names of files that had a name of MNIST's and other content: another set's, or damaged ones. */
  readonly movedAside: readonly string[];
}

const optionNames: OptionNames<DownloadOptions> = {
  ...{ folder: true, mirrors: true, files: true, signal: true, onProgress: true },
  ...{ fetch: true, stallTimeoutMs: true },
};

/**
 * Fetches those of MNIST's four files that `folder` does not have yet, plain or packed.
 * @throws {ConfigurationError} for options that make no sense
 * @throws {DownloadError} when no mirror gave a file, saying why each did not, or another process is downloading into
 *   the same folder; errors of the disk are passed on as they are
 *
 * @example
 * await downloadMnist({ folder: 'data/mnist' });
 */
export async function downloadMnist(options: DownloadOptions): Promise<DownloadResult> {
  requireOptions('downloadMnist', options, optionNames);
  const { mirrors = mnistMirrors, files = mnistFiles, signal } = options;
  requireText('folder', options.folder);
  requireTexts('mirrors', mirrors);
  requireSignal(signal);
  requireFunction('onProgress', options.onProgress);
  requireFunction('fetch', options.fetch);
  requireArray('files', files);
  for (const file of files) {
    requireObject('A file to download', file);
    requireText('The name of a file to download', file.name);
  }
  const { stallTimeoutMs = 1 } = options;
  // Longer timers of JavaScript end at once.
  const longest = 2 ** 31 - 1;
  if (!(typeof stallTimeoutMs === 'number' && stallTimeoutMs > 0 && stallTimeoutMs <= longest)) {
    throw new ConfigurationError(
      `stallTimeoutMs is a number of milliseconds greater than 0 and at most ${longest}, and ${show(stallTimeoutMs)} was given.`,
    );
  }
  if (mirrors.length === 0) {
    throw new ConfigurationError(
      'No mirror was given to download MNIST from. Give at least 1 address.',
    );
  }
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  const result = {
    folder,
    fetched: [] as string[],
    kept: [] as string[],
    movedAside: [] as string[],
  };
  const unlock = await lockFolder(folder);
  try {
    for (const file of files) {
      signal?.throwIfAborted();
      const { sound, movedAside } = await lookAtFolder(folder, file);
      result.movedAside.push(...movedAside);
      if (sound !== undefined) result.kept.push(sound);
      else result.fetched.push(await fetchFile(folder, file, mirrors, options));
    }
    return result;
  } finally {
    await unlock();
  }
}

/** Finds a sound copy, and moves aside what only has the name: it may be somebody's Fashion-MNIST. */
async function lookAtFolder(folder: string, file: MnistFile) {
  const movedAside: string[] = [];
  let sound: string | undefined;
  for (const name of [file.name, `${file.name}.gz`]) {
    const path = join(folder, name);
    if (!(await isFile(path))) continue;
    const { fault } = await check(path, file);
    if (fault) {
      await rename(path, `${path}.moved-aside`);
      movedAside.push(`${name}.moved-aside`);
    } else {
      sound ??= name;
    }
  }
  return { sound, movedAside };
}

/** @returns the name under which the file now is in the folder */
async function fetchFile(
  folder: string,
  file: MnistFile,
  mirrors: readonly string[],
  options: DownloadOptions,
): Promise<string> {
  const partPath = join(folder, `${file.name}.gz.part`);
  const faults: DownloadError[] = [];
  // Each mirror a second time: the first may have failed halfway, or have gone on from another's bad beginning.
  for (const mirror of [...mirrors, ...mirrors]) {
    try {
      const packing = await fetchFrom(mirror, partPath, file, options);
      const name = packing === 'gzip' ? `${file.name}.gz` : file.name;
      await renameDurably(folder, partPath, name);
      return name;
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      faults.push(error);
    }
  }
  const reasons = [...new Set(faults.map((fault) => fault.message))];
  throw new DownloadError(
    `No mirror gave ${file.name}.gz, in ${faults.length} attempts at ${mirrors.length} mirrors:\n` +
      reasons.map((reason) => ` - ${reason}\n`).join('') +
      `Try again later, which goes on where this stopped, or put the file into ${folder} by hand.`,
    { cause: new AggregateError(faults) },
  );
}

/**
 * One attempt at one mirror: a `.part` file that has the right content when this returns.
 * @returns how it is packed
 * @throws {DownloadError} when it cannot be had from there; bad content is deleted
 */
async function fetchFrom(
  mirror: string,
  partPath: string,
  file: MnistFile,
  options: DownloadOptions,
): Promise<Packing> {
  const name = `${file.name}.gz`;
  const url = `${mirror.replace(/\/$/, '')}/${name}`;
  const attempt = () =>
    fetchPart({
      url,
      partPath,
      limitBytes: file.sizeBytes + packingOverheadBytes,
      stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
      fetch: options.fetch ?? globalThis.fetch,
      signal: options.signal,
      onProgress: (receivedBytes, totalBytes) =>
        options.onProgress?.({ file: name, receivedBytes, totalBytes }),
    });
  const resumedBytes = await attempt();
  let found = await check(partPath, file);
  if (found.fault && resumedBytes > 0) {
    // The beginning may be of another file than the rest: not this mirror's fault, so it gets another chance.
    await rm(partPath);
    await attempt();
    found = await check(partPath, file);
  }
  if (found.fault) {
    await rm(partPath);
    throw new DownloadError(`${url} gave another file: ${found.fault.message}`, {
      cause: found.fault,
    });
  }
  return found.packing;
}

/** Gives the checked file its final name, so that after a power cut it is there whole or not at all. */
async function renameDurably(folder: string, partPath: string, name: string): Promise<void> {
  await rename(partPath, join(folder, name));
  // The new name is in the folder, which is a file of its own; Windows cannot open one to write it out.
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

type Checked =
  | { readonly fault: FormatError; readonly packing?: never }
  | { readonly fault?: never; readonly packing: Packing };

async function check(path: string, file: MnistFile): Promise<Checked> {
  try {
    return { packing: await verifyMnistFile(path, file) };
  } catch (error) {
    if (error instanceof FormatError) return { fault: error };
    throw error;
  }
}
