/**
 * One file from one server into a `.part` file, going on where an earlier attempt stopped (HTTP Range,
 * RFC 9110 section 14). Nothing a server answers is trusted: not that it heeds the range, not that it sends the
 * part asked for, not that it stops, not that it sends anything at all. What arrived stays in the `.part`
 * file, whatever happens; whether it is the right content is for the caller to check.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { DownloadError } from '../errors.ts';

export interface PartRequest {
  readonly url: string;
  readonly partPath: string;
  /** More than this is never written. */
  readonly limitBytes: number;
  /** A server that sends nothing for this long is given up. */
  readonly stallTimeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
  readonly signal?: AbortSignal | undefined;
  /** @param totalBytes undefined when the server does not say */
  readonly onProgress: (receivedBytes: number, totalBytes: number | undefined) => void;
}

/**
 * Fetches what `partPath` lacks of `url`; to disk, to stay there, before it returns.
 * @returns how many bytes of an earlier attempt it went on from
 * @throws {DownloadError} when the server fails in any way; errors of the disk and an abort are passed on as they are
 */
export async function fetchPart(request: PartRequest): Promise<number> {
  const part = await open(request.partPath, 'a');
  try {
    const resumedBytes = await receive(part, request);
    await part.sync();
    return resumedBytes;
  } finally {
    await part.close();
  }
}

async function receive(part: FileHandle, request: PartRequest): Promise<number> {
  const { url, limitBytes, onProgress } = request;
  const heldBytes = (await part.stat()).size;
  const connection = new Connection(request);
  try {
    const response = await connection.fetch(heldBytes);
    if (response.status === 416) {
      // The server has no such part: ours is whole already, or longer than the file it has now.
      return heldBytes;
    }
    const resumedBytes = response.status === 206 ? requireStart(response, heldBytes, url) : 0;
    if (!response.ok || !response.body) {
      throw new DownloadError(`${url} answered ${response.status} ${response.statusText}`.trim());
    }
    if (resumedBytes === 0) await part.truncate(0);

    const totalBytes = readTotal(response, resumedBytes);
    let receivedBytes = resumedBytes;
    onProgress(receivedBytes, totalBytes);
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await connection.read(reader);
      if (done) break;
      receivedBytes += value.length;
      if (receivedBytes > limitBytes) {
        throw new DownloadError(`${url} sends more than the ${limitBytes} bytes the file can have`);
      }
      await part.appendFile(value);
      onProgress(receivedBytes, totalBytes);
    }
    if (totalBytes !== undefined && receivedBytes !== totalBytes) {
      throw new DownloadError(
        `${url} sent ${receivedBytes} bytes of the ${totalBytes} it announced`,
      );
    }
    return resumedBytes;
  } finally {
    connection.end();
  }
}

/** @throws {DownloadError} unless a 206 answer begins at the byte that was asked for */
function requireStart(response: Response, heldBytes: number, url: string): number {
  const range = response.headers.get('content-range');
  const start = /^bytes (\d+)-/.exec(range ?? '')?.[1];
  if (heldBytes > 0 && Number(start) === heldBytes) return heldBytes;
  throw new DownloadError(
    `${url} was asked for the bytes from ${heldBytes} and sends '${range ?? 'no Content-Range'}'`,
  );
}

/** Length of the whole file, as far as the server says it in a way that can be relied on. */
function readTotal(response: Response, resumedBytes: number): number | undefined {
  // The body arrives unpacked, and the length is that of the packed one.
  if (response.headers.has('content-encoding')) return undefined;
  const length = response.headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? resumedBytes + Number(length) : undefined;
}

/** The network's side of an attempt: every wait in it ends, and every failure of it is a DownloadError. */
class Connection {
  readonly #request: PartRequest;
  readonly #ended = new AbortController();

  constructor(request: PartRequest) {
    this.#request = request;
  }

  fetch(heldBytes: number): Promise<Response> {
    const { url, fetch, signal } = this.#request;
    // Mirrors hold the files packed already; packed once more on the way, a range would mean other bytes.
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (heldBytes > 0) headers.range = `bytes=${heldBytes}-`;
    const signals = signal ? [signal, this.#ended.signal] : [this.#ended.signal];
    return this.#wait(() => fetch(url, { headers, signal: AbortSignal.any(signals) }));
  }

  read(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
    return this.#wait(() => reader.read());
  }

  /** Lets go of the server, whatever it is still sending. */
  end(): void {
    this.#ended.abort();
  }

  async #wait<T>(start: () => Promise<T>): Promise<T> {
    const { url, signal, stallTimeoutMs } = this.#request;
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`it sent nothing for ${stallTimeoutMs / 1000} s`));
      }, stallTimeoutMs);
    });
    try {
      return await Promise.race([start(), stalled]);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new DownloadError(`${url} failed: ${reasonOf(cause)}`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** fetch says 'fetch failed' or 'terminated', and keeps the reason in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
