/**
 * Raw deflate data (RFC 1951) through the platform's own DecompressionStream, which every browser with
 * WebGPU, Node and Deno has: native speed and no code of ours to trust.
 *
 * The price is that the three disagree about faults, as found by trying: Node (20, at least) takes whatever
 * follows the end of the data in silence, and Deno (2.9) takes data that stop too early. So an outcome
 * `complete` proves little here; `gzip.ts` proves the rest. (What Deno still overlooks is a missing end mark
 * behind data that are all there.)
 */

/** How far the platform came. */
export type InflateOutcome =
  /** It was content; see the caution above. */
  | { readonly kind: 'complete' }
  /** `accept` returned false. */
  | { readonly kind: 'stopped' }
  /** The data ended before deflate's own end mark. */
  | { readonly kind: 'incomplete'; readonly cause: unknown }
  /** The data are not deflate data, or go on after their end. */
  | { readonly kind: 'refused'; readonly cause: unknown };

/**
 * Small, because a platform may inflate all of an input chunk before its output can be looked at: at
 * deflate's best ratio, 1032 to 1, this much becomes 16 MiB.
 */
const inputChunkBytes = 1 << 14;

/**
 * Inflates `body`, handing on the output piece by piece.
 * @param accept receives each piece; false stops everything
 */
export async function inflate(
  body: Uint8Array,
  accept: (piece: Uint8Array) => boolean,
): Promise<InflateOutcome> {
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const reader = readable.getReader();
  const feeding = feed(writable.getWriter(), body);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!accept(value)) {
        await reader.cancel();
        return { kind: 'stopped' };
      }
    }
  } catch (cause) {
    // The writing side fails with the same error and knows better which kind it is.
    const fed = await feeding;
    return fed.kind === 'complete' ? { kind: 'refused', cause } : fed;
  }
  return feeding;
}

/** Never rejects, so that it can be left alone when the reading side stops. */
async function feed(
  writer: WritableStreamDefaultWriter<BufferSource>,
  body: Uint8Array,
): Promise<InflateOutcome> {
  try {
    for (let start = 0; start < body.length; start += inputChunkBytes) {
      await writer.write(body.slice(start, start + inputChunkBytes));
    }
  } catch (cause) {
    return { kind: 'refused', cause };
  }
  try {
    await writer.close();
  } catch (cause) {
    // Closing is where missing data are found out. Node inflates on another thread, and so finds out
    // about bad data in a last chunk only now, too; its error code tells the two apart.
    const isBadData = cause instanceof Error && 'code' in cause && cause.code === 'Z_DATA_ERROR';
    return { kind: isBadData ? 'refused' : 'incomplete', cause };
  }
  return { kind: 'complete' };
}

/**
 * The length of the shortest start of `body` that the platform no longer takes for the beginning of more:
 * deflate data end there, or the byte before it contradicts them. `body.length` when there is none.
 *
 * By halving: streams report no position, but whether a start is enough can be tried, some 24 times for
 * 10 MB. For finding out where a fault lies, once it is known that there is one.
 */
export async function findEnd(body: Uint8Array): Promise<number> {
  const missesTruncation = (await inflate(new Uint8Array(0), () => true)).kind === 'complete';
  const isEnough = async (length: number) => {
    const { kind } = await inflate(body.subarray(0, length), () => true);
    return kind === 'refused' || (kind === 'complete' && !missesTruncation);
  };
  let tooShort = -1;
  let enough = body.length;
  // First the longest: when only the trailer is wrong, there is nothing to look for.
  let middle = body.length - 1;
  while (enough - tooShort > 1) {
    if (await isEnough(middle)) enough = middle;
    else tooShort = middle;
    middle = Math.floor((enough + tooShort) / 2);
  }
  return enough;
}

/** Whether this platform takes bytes after the end of deflate data in silence. */
export async function missesTrailingBytes(): Promise<boolean> {
  const emptyBlockAndOneByte = Uint8Array.of(3, 0, 0);
  return (await inflate(emptyBlockAndOneByte, () => true)).kind === 'complete';
}
