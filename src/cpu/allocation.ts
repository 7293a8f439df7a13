/** WebAssembly memory for the kernels, or a sentence that says what does not fit and what to change. */
import { OutOfMemoryError } from '../errors.ts';
import { placeLayers } from './parameterPlaces.ts';

/** Bytes of a page of WebAssembly memory. */
const pageBytes = 2 ** 16;
/** Maximum number of pages: all that 32-bit addresses can reach. */
const maxPages = 2 ** 16;
/** Maxima to try, in pages. Shared memory reserves address space for its maximum, which fails on some phones. */
const maxima = [maxPages, maxPages / 4, maxPages / 16] as const;
/** Memory to leave for a training set. A larger one may be streamed. */
const usualDataBytes = 2 ** 26;

/**
 * Checks layer sizes alone, because a network that no memory can hold takes long to make.
 * @throws {OutOfMemoryError} when parameters and one gradient exceed what WebAssembly can address
 */
export function requireAddressable(layers: readonly number[]): void {
  const bytes = 2 * 4 * placeLayers(layers).at(-1)!.end;
  if (bytes > pageBytes * maxPages) throw noRoom(bytes, 'Use a smaller network.', undefined);
}

/** @throws {OutOfMemoryError} with the advice, when there is not enough memory */
export function allocate(bytes: number, isShared: boolean, advice: string): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  let cause: unknown;
  for (const maximum of maxima.filter((max) => max >= pages)) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum, shared: isShared });
    } catch (error) {
      cause = error;
    }
  }
  throw noRoom(bytes, advice, cause);
}

function noRoom(bytes: number, advice: string, cause: unknown): OutOfMemoryError {
  const limit = pageBytes * maxPages;
  const fact =
    bytes > limit
      ? `WebAssembly can address only ${mebibytes(limit)} MiB`
      : 'the allocation failed';
  return new OutOfMemoryError(
    `The CPU engine needs at least ${mebibytes(bytes)} MiB of memory in one piece, but ${fact}. ${advice}`,
    { cause },
  );
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

/**
 * The advice when the slices do not fit into memory: fewer threads if that is enough, because each has a slice.
 * @param shared bytes shared by all slices
 * @param own bytes of each slice
 */
export function adviceOf(slices: number, shared: number, own: number): string {
  const max = Math.floor((pageBytes * maxPages - usualDataBytes - shared) / own);
  const isTooMany = slices > Math.max(1, max);
  return isTooMany && max > 0
    ? `Each of the ${slices} threads needs ${mebibytes(own)} MiB for its own gradient. Use at most ${max} threads.`
    : 'Use a smaller network or fewer threads, or dispose of unused engines.';
}

/**
 * Grows a memory to at least this size, which detaches the arrays that view it.
 * @returns whether it grew
 * @throws {OutOfMemoryError} when there is not enough memory
 */
export function grow(memory: WebAssembly.Memory, bytes: number): boolean {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
  if (missing <= 0) return false;
  try {
    memory.grow(missing);
  } catch (cause) {
    const advice =
      'Stream the training set (stream: true), use fewer threads, or dispose of unused engines.';
    throw noRoom(bytes, advice, cause);
  }
  return true;
}
