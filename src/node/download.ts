/**
 * Downloads MNIST into a folder. It receives a file in memory and checks its size and SHA-256 there. Then it writes the
 * file, whole or not at all. So an interrupted download leaves no partial file, and two downloads into the same folder
 * do not disturb each other.
 */
import { access, constants, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mnistFiles, type MnistFile } from '../data/mnist.ts';
import { ConfigurationError, DownloadError, FileError, FormatError } from '../errors.ts';
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
import { createFolder, reasonOf as fileReasonOf, writeWhole } from './wholeFile.ts';

/** Two mirrors with the same four .gz files. The address of a file is the mirror's address followed by the file's name. */
export const mnistMirrors: readonly string[] = [
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
];

export interface DownloadProgress {
  /** Name of the file on the mirrors. */
  readonly file: string;
  /** Bytes received in this attempt. It is 0 again for the next mirror. */
  readonly receivedBytes: number;
  /** Size of the file; undefined when the server does not say. */
  readonly totalBytes: number | undefined;
}

export interface DownloadOptions {
  /** Target folder. Created if it does not exist. */
  readonly folder: string;
  /** Base addresses, tried in this order. Default {@link mnistMirrors}. */
  readonly mirrors?: readonly string[] | undefined;
  /** Files to download, for another set of the same kind. Default: MNIST's four. */
  readonly files?: readonly MnistFile[] | undefined;
  /** Stops the download, which rejects with the signal's reason. Complete files are kept. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Replaces the platform's `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** An attempt fails when the server sends nothing for this time. Default 30,000. */
  readonly stallTimeoutMs?: number | undefined;
}

export interface DownloadResult {
  /** The folder, absolute. */
  readonly folder: string;
  /** Names of the files that were downloaded. */
  readonly fetched: readonly string[];
  /** Names of the files that were already in the folder and correct. */
  readonly kept: readonly string[];
  /** New names of files that had one of MNIST's names but other content, damaged or from another set. */
  readonly movedAside: readonly string[];
}

const defaultStallTimeoutMs = 30_000;

const optionNames: OptionNames<DownloadOptions> = {
  ...{ folder: true, mirrors: true, files: true, signal: true, onProgress: true },
  ...{ fetch: true, stallTimeoutMs: true },
};

/**
 * Downloads the files of MNIST that `folder` does not have yet, plain or packed.
 * @throws {ConfigurationError} for invalid options
 * @throws {FileError} when the folder cannot be read or written; complete files are kept
 * @throws {DownloadError} when no mirror delivered a file; the message says why each one failed
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
  // JavaScript's timers fire at once if the delay is longer.
  const longest = 2 ** 31 - 1;
  if (!(typeof stallTimeoutMs === 'number' && stallTimeoutMs > 0 && stallTimeoutMs <= longest)) {
    throw new ConfigurationError(
      `stallTimeoutMs must be a number greater than 0 and at most ${longest}; got ${show(stallTimeoutMs)}.`,
    );
  }
  if (mirrors.length === 0) {
    throw new ConfigurationError(
      'mirrors must have at least 1 address to download MNIST from; got none.',
    );
  }
  const folder = resolve(options.folder);
  const result = {
    folder,
    fetched: [] as string[],
    kept: [] as string[],
    movedAside: [] as string[],
  };
  try {
    await createFolder(folder);
    for (const file of files) {
      signal?.throwIfAborted();
      const { sound, movedAside } = await lookAtFolder(folder, file);
      result.movedAside.push(...movedAside);
      if (sound !== undefined) result.kept.push(sound);
      else result.fetched.push(await fetchFile(folder, file, mirrors, options));
    }
  } catch (cause) {
    // The system refused something; nudge and the mirrors are not at fault.
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new FileError(
      `MNIST cannot be stored in '${folder}': ${fileReasonOf(cause)}. Make room there, or name another folder.`,
      { cause },
    );
  }
  return result;
}

/** Finds a correct copy of a file. It renames wrong ones instead of deleting them: they may be the user's Fashion-MNIST. */
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

/** @returns the file's name in the folder */
async function fetchFile(
  folder: string,
  file: MnistFile,
  mirrors: readonly string[],
  options: DownloadOptions,
): Promise<string> {
  // Fail before downloading if the folder is not writable.
  await access(folder, constants.W_OK);
  const faults: DownloadError[] = [];
  // Try each mirror twice, because a connection may break.
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
    `No mirror delivered ${file.name}.gz in ${faults.length} attempts at ${mirrors.length} mirrors:\n` +
      reasons.map((reason) => ` - ${reason}\n`).join('') +
      `Try again later, or put the file into ${folder} by hand.`,
    { cause: new AggregateError(faults) },
  );
}

/**
 * Tries one mirror once.
 * @returns the correct content, packed or plain, and its file name
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
    throw new DownloadError(`${url} delivered a wrong file: ${cause.message}`, { cause });
  }
}

/**
 * Receives the content at an address. Rejects with the signal's reason after an abort.
 * @param limitBytes largest size that the content may have
 * @throws {DownloadError} when the server fails in any way
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
        // The files are packed already. If the server packed them again, the announced length would not be the file's.
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
    // Cancel anything that the server still sends.
    stop.abort();
  }
}

/** Length of the file; undefined if the server gives no reliable one. */
function readTotal(response: Response): number | undefined {
  // The body arrives unpacked, but the length is that of the packed body.
  if (response.headers.has('content-encoding')) return undefined;
  const length = response.headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** The reason of an error. `fetch` only says 'fetch failed' or 'terminated' and keeps the reason in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
