/**
 * Unpacks gzip (RFC 1952) and raw deflate (RFC 1951) with the platform's DecompressionStream, up to a hard limit.
 *
 * Platforms differ in the faults that they accept: Node accepts zeros or a second gzip member after the data, and Deno
 * accepts truncated data. So `gunzip` also compares the size.
 */
import { FormatError } from '../errors.ts';

/**
 * Size of an input chunk. A platform may unpack a whole chunk before its output can be read, and deflate expands up to
 * 1032 times, so 16 KiB may become 16 MiB.
 */
const inputChunkBytes = 1 << 14;

/** Whether `bytes` start with gzip's two magic bytes. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a whole gzip file.
 * @param limitBytes largest unpacked size; unpacking stops with an error as soon as the data exceed it
 * @param name name of the file, for errors
 * @throws {FormatError} when the file is not gzip, damaged, cut short, followed by other data, or exceeds the limit.
 * The offset counts bytes of the packed file. It is 0 where the platform does not report it, and the limit where the
 * limit is exceeded.
 */
export async function gunzip(
  packed: Uint8Array,
  limitBytes: number,
  name = 'The file',
): Promise<Uint8Array<ArrayBuffer>> {
  const data = await gunzipStart(packed, limitBytes, name);
  if (data.length > limitBytes) {
    throw new FormatError(
      `${name} unpacks to more than the ${limitBytes} bytes that it may have. Get the file again.`,
      limitBytes,
    );
  }
  const statedBytes = packed.subarray(-4).reduceRight((size, byte) => 256 * size + byte, 0);
  if (data.length % 2 ** 32 !== statedBytes) {
    throw new FormatError(
      `${name} is damaged, cut short or followed by other data: it unpacks to ${data.length} bytes, but its last 4 bytes ` +
        `say ${statedBytes}. Get the file again.`,
      Math.max(0, packed.length - 4),
    );
  }
  return data;
}

/**
 * Unpacks the start of a gzip file. If the data are longer than `count` bytes, it returns more than `count` and neither
 * unpacks nor checks the rest. Otherwise it returns all of them.
 * @throws {FormatError} like {@link gunzip}, when a fault shows that early; the offset is 0
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
 * Unpacks `packed`, and stops as soon as it has more than `limitBytes`. It then returns what it has.
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
