/**
 * IDX, the format of the MNIST files (Yann LeCun's page "The MNIST database", section "File formats"):
 *
 *     byte 0–1   0
 *     byte 2     element type, 8 for unsigned bytes
 *     byte 3     number of dimensions
 *     then       each dimension, a big-endian unsigned 32-bit integer
 *     then       the elements, last dimension fastest
 *
 * The file must be exactly as long as its header says.
 * Offsets in errors count bytes of the unpacked file, except for gzip's own errors (see `gzip.ts`).
 */
import { ConfigurationError, FormatError } from '../errors.ts';
import { requireBytes, requireOptions, requireText, show } from '../network/arguments.ts';
import { gunzip, gunzipStart, isGzip } from './gzip.ts';

/** The array of unsigned bytes in an IDX file. */
export interface IdxTensor {
  /** Dimensions, such as [60000, 28, 28]. */
  readonly shape: readonly number[];
  /** Elements, last dimension fastest. A view of the given bytes if the file was not packed. */
  readonly data: Uint8Array;
}

export interface IdxOptions {
  /** Name of the file in errors. Default `The file`. */
  readonly name?: string;
  /** Largest number of elements to read. Default 2³⁰, twenty times MNIST. */
  readonly limitBytes?: number;
}

export const defaultIdxLimitBytes = 2 ** 30;

/** IDX allows 255 dimensions. Files in use have at most 4, and a limit bounds the header. */
const maximumRank = 8;
const maxHeaderBytes = 4 + 4 * maximumRank;

const elementTypes: ReadonlyMap<number, string> = new Map([
  [0x08, 'unsigned bytes'],
  [0x09, 'signed bytes'],
  [0x0b, '16-bit integers'],
  [0x0c, '32-bit integers'],
  [0x0d, '32-bit floats'],
  [0x0e, '64-bit floats'],
]);

/**
 * Reads an IDX file of unsigned bytes, plain or packed with gzip. Unpacking stops at the size that the header
 * states, so that a small file cannot fill the memory.
 * @throws {ConfigurationError} when an argument is invalid
 * @throws {FormatError} when the file is not IDX, not of unsigned bytes, too short, too long or beyond the limit
 *
 * @example
 * const { shape } = await readIdx(new Uint8Array(await file.arrayBuffer())); // [60000, 28, 28]
 */
export async function readIdx(bytes: Uint8Array, options: IdxOptions = {}): Promise<IdxTensor> {
  requireBytes('The bytes of an IDX file', bytes);
  requireOptions('readIdx', options, { name: true, limitBytes: true });
  const { name = 'The file', limitBytes = defaultIdxLimitBytes } = options;
  requireText('The name of an IDX file', name);
  if (!(typeof limitBytes === 'number' && limitBytes >= 0)) {
    throw new ConfigurationError(
      `limitBytes must be a number of at least 0; got ${show(limitBytes)}. The default is ${defaultIdxLimitBytes}.`,
    );
  }
  if (!isGzip(bytes)) return readPlain(bytes, readHeader(bytes, name, limitBytes), name);

  const header = readHeader(await gunzipStart(bytes, maxHeaderBytes, name), name, limitBytes);
  return readPlain(await gunzip(bytes, header.fileBytes, name), header, name);
}

interface IdxHeader {
  readonly shape: readonly number[];
  readonly headerBytes: number;
  /** Header and elements. */
  readonly fileBytes: number;
}

function readHeader(bytes: Uint8Array, name: string, limitBytes: number): IdxHeader {
  const rank = readMagic(bytes, name);
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw new FormatError(
      `${name} is cut short: its IDX header takes ${headerBytes} bytes, but the file has ${bytes.length}. ` +
        'Get the file again.',
      bytes.length,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Eight factors below 2³² cannot overflow a double. Rounding affects only products above 2⁵³, which exceed any limit in use.
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements > limitBytes) {
    throw new FormatError(
      `${name} claims ${elements} unsigned bytes (${shape.join(' × ')}), but limitBytes is ${limitBytes}. ` +
        'Get the file again, or give readIdx a higher limitBytes.',
      4,
    );
  }
  return { shape, headerBytes, fileBytes: headerBytes + elements };
}

/** @returns the number of dimensions */
function readMagic(bytes: Uint8Array, name: string): number {
  const [first, second, type, rank] = bytes;
  const wrong = first ? 0 : second ? 1 : -1;
  if (wrong >= 0) {
    throw new FormatError(
      `${name} is neither IDX nor gzip: its byte ${wrong} is ${bytes[wrong]}, but IDX requires 0. Check that it is the right file.`,
      wrong,
    );
  }
  if (type === undefined || rank === undefined) {
    throw new FormatError(
      `${name} is cut short: an IDX file has at least 4 bytes, but this one has ${bytes.length}. Get the file again.`,
      bytes.length,
    );
  }
  if (type !== 0x08) {
    const found = elementTypes.get(type);
    throw new FormatError(
      `${name} holds ${found ?? 'elements of an unknown type'} (type ${type} at byte 2), but nudge reads only ` +
        'unsigned bytes (type 8). Convert it to unsigned bytes.',
      2,
    );
  }
  if (rank < 1 || rank > maximumRank) {
    throw new FormatError(
      `${name} must have 1 to ${maximumRank} dimensions; got ${rank}. Check that it is the right file.`,
      3,
    );
  }
  return rank;
}

function readPlain(bytes: Uint8Array, header: IdxHeader, name: string): IdxTensor {
  const { shape, headerBytes, fileBytes } = header;
  if (bytes.length !== fileBytes) {
    const fault = bytes.length < fileBytes ? 'cut short' : 'too long';
    throw new FormatError(
      `${name} is ${fault}: it claims ${describe(header)}, but it has ${bytes.length} bytes. Get the file again.`,
      Math.min(bytes.length, fileBytes),
    );
  }
  return { shape, data: bytes.subarray(headerBytes) };
}

function describe({ shape, fileBytes }: IdxHeader): string {
  return `${shape.join(' × ')} unsigned bytes, ${fileBytes} with its header`;
}
