/**
 * gzip (RFC 1952) and raw deflate (RFC 1951), unpacked by the platform's DecompressionStream up to a hard limit.
 *
 * The platforms disagree about some faults: Node accepts zeros or a second gzip member after the data, and Deno
 * accepts data that are cut short. So `gunzip` compares the size as well.
 */
import { FormatError } from '../errors.ts';

/**
 * A platform may unpack a whole input chunk before its output can be read. Deflate unpacks to at most 1032 times its
 * size, so that 16 KiB become 16 MiB.
 */
const inputChunkBytes = 1 << 14;

/** Whether `bytes` start as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The data that gzip's `packed` unpack to.
 * @param limitBytes unpacking stops, with an error, as soon as there would be more
 * @param name of the file, for errors
 * @throws {FormatError} when the file is not gzip, damaged, cut short, followed by other data, or beyond the limit.
 * The offset counts bytes of the packed file; it is 0 where the platform does not say it. Beyond the limit, it is the limit.
 */
export async function gunzip(
  packed: Uint8Array,
  limitBytes: number,
  name = 'The file',
): Promise<Uint8Array<ArrayBuffer>> {
  const data = await gunzipStart(packed, limitBytes, name);
  if (data.length > limitBytes) {
    throw new FormatError(
      `${name} unpacks to more than ${limitBytes} bytes, the most that are expected of it. Get the file again.`,
      limitBytes,
    );
  }
  const statedBytes = packed.subarray(-4).reduceRight((size, byte) => 256 * size + byte, 0);
  if (data.length % 2 ** 32 !== statedBytes) {
    throw new FormatError(
      `${name} is damaged, cut short or followed by other data: it unpacks to ${data.length} bytes, and its last 4 bytes ` +
        `say ${statedBytes}. Get the file again.`,
      Math.max(0, packed.length - 4),
    );
  }
  return data;
}

/**
 * At least the first `count` bytes that gzip's `packed` unpack to, or all when there are fewer. When there are more,
 * more than `count` are returned, and the rest is neither unpacked nor checked.
 * @throws {FormatError} as {@link gunzip}, when a fault shows that early; the offset is 0
 */
export async function gunzipStart(
  packed: Uint8Array,
  count: number,
  name = 'The file',
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await decompress(packed, 'gzip', count);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\.$/, '');
    throw new FormatError(
      `${name} is damaged, cut short or followed by other data: it cannot be unpacked (${reason}). Get the file again.`,
      0,
      { cause },
    );
  }
}

/**
 * What `packed` unpacks to. Unpacking stops as soon as there are more than `limitBytes`; those are then returned.
 * @throws the platform's error when the data are damaged or cut short
 */
export async function decompress(
  packed: Uint8Array,
  format: CompressionFormat,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let start = 0;
  const source = new ReadableStream<BufferSource>({
    pull(controller) {
      if (start < packed.length) controller.enqueue(packed.slice(start, start + inputChunkBytes));
      else controller.close();
      start += inputChunkBytes;
    },
  });
  const reader = source.pipeThrough(new DecompressionStream(format)).getReader();
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  while (sizeBytes <= limitBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    sizeBytes += value.length;
  }
  await reader.cancel();

  const data = new Uint8Array(sizeBytes);
  let end = 0;
  for (const piece of pieces) {
    data.set(piece, end);
    end += piece.length;
  }
  return data;
}
