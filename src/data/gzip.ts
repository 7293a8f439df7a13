/**
 * gzip (RFC 1952): one member, a hard limit on what it unpacks to, nothing before, between or after.
 *
 * The container is read here, byte by byte; the platform only inflates (see `inflate.ts`). Checking the
 * trailer ourselves is what makes a damaged file the same error in every browser, Node and Deno.
 *
 * Offsets in errors count bytes of the **compressed** file: the first byte that contradicts the format, the
 * file's length where it ends too early. One exception: data that unpack to more than the limit have the
 * limit as their offset, the place in the unpacked data where they should have ended.
 */
import { FormatError } from '../errors.ts';
import { crc32 } from './crc32.ts';
import { findEnd, inflate, missesTrailingBytes } from './inflate.ts';

/** CRC-32 and length of the unpacked data, 4 bytes each. */
const trailerBytes = 8;

/** No deflate data unpack to more than this many bytes a byte (258 bytes from a match code of 2 bits). */
export const maximumDeflateRatio = 1032;

/** Whether `bytes` start as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The data that gzip's `bytes` unpack to.
 * @param limitBytes stops, with an error, as soon as there would be more; never holds much more than twice this
 * @param name of the file, for errors
 * @throws {FormatError} when it is not gzip, damaged, cut short, followed by anything, or beyond the limit
 */
export async function gunzip(
  bytes: Uint8Array,
  limitBytes: number,
  name = 'The file',
): Promise<Uint8Array<ArrayBuffer>> {
  const body = findBody(bytes, name);
  const { kind, data, cause } = await unpack(body, limitBytes);
  if (kind === 'stopped') {
    throw new FormatError(
      `${name} unpacks to more than ${limitBytes} bytes, the most that are expected of it. Get the file again.`,
      limitBytes,
    );
  }
  if (kind === 'complete' && trailerMatches(bytes, bytes.length - trailerBytes, data)) {
    // The data are proved. Whether they reach up to the trailer is left: where the platform does not say,
    // they do when they are not whole without their last byte.
    const endsTooEarly =
      (await missesTrailingBytes()) &&
      (await inflate(body.subarray(0, -1), () => true)).kind === 'complete';
    if (!endsTooEarly) return data;
  }
  if (kind === 'incomplete') throw truncated(bytes, name, cause);
  throw await diagnose(bytes, body, name, cause);
}

/**
 * The first `count` bytes that gzip's `bytes` unpack to, or all when there are fewer; the rest is neither
 * unpacked nor checked. For reading a header that says how much to expect.
 * @throws {FormatError} as {@link gunzip} does, when a fault shows that early
 */
export async function gunzipStart(
  bytes: Uint8Array,
  count: number,
  name = 'The file',
): Promise<Uint8Array> {
  const { kind, data } = await unpack(findBody(bytes, name), count - 1);
  return kind === 'stopped' ? data.subarray(0, count) : gunzip(bytes, count, name);
}

/** The deflate data: what lies between header and trailer. */
function findBody(bytes: Uint8Array, name: string): Uint8Array {
  const start = headerLength(bytes, name);
  if (bytes.length < start + trailerBytes) throw truncated(bytes, name);
  return bytes.subarray(start, bytes.length - trailerBytes);
}

function headerLength(bytes: Uint8Array, name: string): number {
  const fail = (offset: number, fact: string) =>
    offset >= bytes.length
      ? truncated(bytes, name)
      : new FormatError(
          `${name} is not gzip data that can be read: byte ${offset} is ${bytes[offset]}, ${fact}. Get the file again.`,
          offset,
        );
  const expected = [0x1f, 0x8b, 8];
  for (const [offset, value] of expected.entries()) {
    if (bytes[offset] !== value) throw fail(offset, `where gzip with deflate has ${value}`);
  }
  const flags = bytes[3];
  if (flags === undefined || flags & 0xe0) throw fail(3, 'with flags that gzip reserves');
  let end = 10;
  if (flags & 4) end += 2 + (bytes[end] ?? 0) + 256 * (bytes[end + 1] ?? 0);
  for (const text of [8, 16]) {
    if (!(flags & text)) continue;
    const zero = bytes.indexOf(0, end);
    if (zero < 0) throw truncated(bytes, name);
    end = zero + 1;
  }
  if (flags & 2) {
    if (bytes.length < end + 2) throw truncated(bytes, name);
    const stated = bytes[end]! + 256 * bytes[end + 1]!;
    if (stated !== (crc32(bytes.subarray(0, end)) & 0xffff)) {
      throw fail(end, "where the header's own checksum should be");
    }
    end += 2;
  }
  return end;
}

/** Inflates `body` until there are more than `limitBytes`; the piece that goes beyond is kept. */
async function unpack(body: Uint8Array, limitBytes: number) {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  const outcome = await inflate(body, (piece) => {
    pieces.push(piece);
    sizeBytes += piece.length;
    return sizeBytes <= limitBytes;
  });
  const data = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const piece of pieces) {
    data.set(piece, offset);
    offset += piece.length;
  }
  return { kind: outcome.kind, data, cause: 'cause' in outcome ? outcome.cause : undefined };
}

function readTrailer(bytes: Uint8Array, offset: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, trailerBytes);
  return { checksum: view.getUint32(0, true), sizeBytes: view.getUint32(4, true) };
}

function trailerMatches(bytes: Uint8Array, offset: number, data: Uint8Array): boolean {
  const { checksum, sizeBytes } = readTrailer(bytes, offset);
  return sizeBytes === data.length % 2 ** 32 && checksum === crc32(data);
}

function truncated(bytes: Uint8Array, name: string, cause?: unknown): FormatError {
  return new FormatError(
    `${name} is cut short: its gzip data have not ended at byte ${bytes.length}, where the file ends. Get the file again.`,
    bytes.length,
    { cause },
  );
}

/** What is wrong with a file that did not unpack to what its last 8 bytes say, and where. */
async function diagnose(
  bytes: Uint8Array,
  body: Uint8Array,
  name: string,
  cause: unknown,
): Promise<FormatError> {
  const end = await findEnd(body);
  // Either the data end before `end`, or the byte before it is one too many: bad, or after an end that
  // the platform shows in no other way.
  const upToEnd = await unpack(body.subarray(0, end), Infinity);
  const endsThere = upToEnd.kind === 'complete';
  const length = endsThere ? end : Math.max(0, end - 1);
  const member = endsThere ? upToEnd : await unpack(body.subarray(0, length), Infinity);
  const trailer = body.byteOffset - bytes.byteOffset + length;
  const next = trailer + trailerBytes;
  if (
    next < bytes.length &&
    member.kind === 'complete' &&
    trailerMatches(bytes, trailer, member.data)
  ) {
    return new FormatError(
      `${name} goes on after its gzip data, which end at byte ${next}, up to byte ${bytes.length}: ` +
        'several gzip members, or anything else after the first, are not read. Get the file again.',
      next,
      { cause },
    );
  }
  if (!endsThere) {
    return new FormatError(
      `${name} is damaged at byte ${trailer}: its compressed data are not valid there. Get the file again.`,
      trailer,
      { cause },
    );
  }
  const stated = readTrailer(bytes, trailer);
  return new FormatError(
    `${name} is damaged or cut short: it unpacks to ${member.data.length} bytes with CRC-32 ${crc32(member.data)}, and ` +
      `its trailer at byte ${trailer} says ${stated.sizeBytes} bytes with CRC-32 ${stated.checksum}. Get the file again.`,
    trailer,
    { cause },
  );
}
