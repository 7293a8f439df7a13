/**
 * Fetches MNIST into a folder. A file is received in memory, where its size and the SHA-256 of its content are checked.
 * Only then is it written, whole or not at all. So a download that is interrupted leaves no part of a file, and two
 * downloads into the same folder do not disturb each other.
 */
import { access, constants, mkdir, rename } from 'node:fs/promises';
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
import { isFile } from './mnist.ts';
import { packingOverheadBytes, verifyMnistBytes, verifyMnistFile } from './verify.ts';
import { writeWhole } from './wholeFile.ts';

/** Two that hold the same four .gz files; the address of one is this and its name. */
export const mnistMirrors: readonly string[] = [
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
];

export interface DownloadProgress {
  /** Name of the file, as it is on the mirrors. */
  readonly file: string;
  /** Of the attempt under way: it is 0 again when another mirror is tried. */
  readonly receivedBytes: number;
  /** Undefined when the server does not say. */
  readonly totalBytes: number | undefined;
}

export interface DownloadOptions {
  /** Where to; made when it is not there. */
  readonly folder: string;
  /** Addresses to put the names after, tried in this order. Default {@link mnistMirrors}. */
  readonly mirrors?: readonly string[] | undefined;
  /** Which files, for another set of the same kind. Default: MNIST's four. */
  readonly files?: readonly MnistFile[] | undefined;
  /** Stops the download, which rejects with the signal's reason; files that are complete are kept. */
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

const defaultStallTimeoutMs = 30_000;

const optionNames: OptionNames<DownloadOptions> = {
  ...{ folder: true, mirrors: true, files: true, signal: true, onProgress: true },
  ...{ fetch: true, stallTimeoutMs: true },
};

/**
 * Fetches those of MNIST's four files that `folder` does not have yet, plain or packed.
 * @throws {ConfigurationError} for options that make no sense
 * @throws {DownloadError} when no mirror gave a file, saying why each did not; errors of the disk are passed on as they are
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
  const { stallTimeoutMs = defaultStallTimeoutMs } = options;
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
  for (const file of files) {
    signal?.throwIfAborted();
    const { sound, movedAside } = await lookAtFolder(folder, file);
    result.movedAside.push(...movedAside);
    if (sound !== undefined) result.kept.push(sound);
    else result.fetched.push(await fetchFile(folder, file, mirrors, options));
  }
  return result;
}

/** Finds a sound copy, and moves aside what only has the name: it may be somebody's Fashion-MNIST. */
async function lookAtFolder(folder: string, file: MnistFile) {
  const movedAside: string[] = [];
  let sound: string | undefined;
  for (const name of [file.name, `${file.name}.gz`]) {
    const path = join(folder, name);
    if (!(await isFile(path))) continue;
    if (await isSound(path, file)) {
      sound ??= name;
    } else {
      await rename(path, `${path}.moved-aside`);
      movedAside.push(`${name}.moved-aside`);
    }
  }
  return { sound, movedAside };
}

async function isSound(path: string, file: MnistFile): Promise<boolean> {
  try {
    await verifyMnistFile(path, file);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

/** @returns the name under which the file now is in the folder */
async function fetchFile(
  folder: string,
  file: MnistFile,
  mirrors: readonly string[],
  options: DownloadOptions,
): Promise<string> {
  // A folder that cannot be written is found out before anything is received.
  await access(folder, constants.W_OK);
  const faults: DownloadError[] = [];
  // Each mirror is asked a second time, because a connection may break.
  for (const mirror of [...mirrors, ...mirrors]) {
    try {
      const { name, bytes } = await fetchFrom(mirror, file, options);
      await writeWhole(join(folder, name), bytes);
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
      `Try again later, or put the file into ${folder} by hand.`,
    { cause: new AggregateError(faults) },
  );
}

/**
 * One attempt at one mirror.
 * @returns the right content, packed or not, and the name for it
 * @throws {DownloadError} when the mirror fails in any way, or has another file
 */
async function fetchFrom(mirror: string, file: MnistFile, options: DownloadOptions) {
  const packedName = `${file.name}.gz`;
  const url = `${mirror.replace(/\/$/, '')}/${packedName}`;
  const limitBytes = file.sizeBytes + packingOverheadBytes;
  const bytes = await receive(url, limitBytes, options, (receivedBytes, totalBytes) =>
    options.onProgress?.({ file: packedName, receivedBytes, totalBytes }),
  );
  try {
    const packing = await verifyMnistBytes(bytes, file);
    return { name: packing === 'gzip' ? packedName : file.name, bytes };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new DownloadError(`${url} gave another file: ${cause.message}`, { cause });
  }
}

/**
 * What a server sends.
 * @param limitBytes more than this is never kept
 * @throws {DownloadError} when the server fails in any way; an abort is passed on as it is
 */
async function receive(
  url: string,
  limitBytes: number,
  options: DownloadOptions,
  onProgress: (receivedBytes: number, totalBytes: number | undefined) => void,
): Promise<Uint8Array> {
  const { signal, fetch = globalThis.fetch, stallTimeoutMs = defaultStallTimeoutMs } = options;
  const stop = new AbortController();
  const timer = setTimeout(() => {
    stop.abort(new Error(`it sent nothing for ${stallTimeoutMs / 1000} s`));
  }, stallTimeoutMs);
  const waitFor = async <T>(start: () => Promise<T>): Promise<T> => {
    timer.refresh();
    try {
      return await start();
    } catch (cause) {
      signal?.throwIfAborted();
      throw new DownloadError(`${url} failed: ${reasonOf(cause)}`, { cause });
    }
  };
  try {
    const response = await waitFor(() =>
      fetch(url, {
        // Mirrors hold packed files; packed once more on the way, the announced length would be of other bytes.
        headers: { 'accept-encoding': 'identity' },
        signal: AbortSignal.any(signal ? [signal, stop.signal] : [stop.signal]),
      }),
    );
    if (!response.ok || !response.body) {
      throw new DownloadError(`${url} answered ${response.status} ${response.statusText}`.trim());
    }
    const totalBytes = readTotal(response);
    const reader = response.body.getReader();
    const pieces: Uint8Array[] = [];
    let receivedBytes = 0;
    onProgress(receivedBytes, totalBytes);
    for (;;) {
      const { done, value } = await waitFor(() => reader.read());
      if (done) break;
      pieces.push(value);
      receivedBytes += value.length;
      if (receivedBytes > limitBytes) {
        throw new DownloadError(`${url} sends more than the ${limitBytes} bytes the file can have`);
      }
      onProgress(receivedBytes, totalBytes);
    }
    if (totalBytes !== undefined && receivedBytes !== totalBytes) {
      throw new DownloadError(
        `${url} sent ${receivedBytes} bytes of the ${totalBytes} it announced`,
      );
    }
    return Buffer.concat(pieces);
  } finally {
    clearTimeout(timer);
    // Whatever the server is still sending is not wanted.
    stop.abort();
  }
}

/** Length of the file, as far as the server says it in a way that can be relied on. */
function readTotal(response: Response): number | undefined {
  // The body arrives unpacked, and the length is that of the packed one.
  if (response.headers.has('content-encoding')) return undefined;
  const length = response.headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** fetch says 'fetch failed' or 'terminated', and keeps the reason in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
