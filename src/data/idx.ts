/**
 * IDX, the format of the MNIST files (Yann LeCun's page "The MNIST database", section "File formats"):
 *
 *     byte 0–1   0
 *     byte 2     element type, 8 for unsigned bytes
 *     byte 3     number of dimensions
 *     then       each dimension, a big-endian unsigned 32-bit integer
 *     then       the elements, last dimension fastest
 *
 * Nothing is taken on trust: the header says how long the file must be, and it must be exactly that long.
 * Offsets in errors count bytes of the unpacked file, save where gzip itself is at fault (see `gzip.ts`).
 */
import { ConfigurationError, FormatError } from '../errors.ts';
import { requireBytes, requireOptions, requireText, show } from '../network/arguments.ts';
import { gunzip, gunzipStart, isGzip } from './gzip.ts';

/** An array of unsigned bytes, as an IDX file holds it. */
export interface IdxTensor {
  /** Its dimensions: [60000, 28, 28]. */
  readonly shape: readonly number[];
  /** Its elements, last dimension fastest; a view of the file's own bytes where those were not packed. */
  readonly data: Uint8Array;
}

export interface IdxOptions {
  /** What errors call the file. Default `The file`. */
  readonly name?: string;
  /** The most elements that are read. Default 2³⁰, twenty times MNIST. */
  readonly limitBytes?: number;
}

export const defaultIdxLimitBytes = 2 ** 30;

/** IDX allows 255; nothing in use has more than 4, and a limit bounds the header. */
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
 * Reads an IDX file of unsigned bytes, plain or packed with gzip. A packed file is unpacked no further than
 * its own header says, so that a small file cannot fill the memory.
 * @throws {ConfigurationError} for arguments that make no sense
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
      `limitBytes is a number of at least 0, and ${show(limitBytes)} was given. The default is ${defaultIdxLimitBytes}.`,
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
      `${name} is cut short: its IDX header is ${headerBytes} bytes long, and the file ends at byte ${bytes.length}. ` +
        'Get the file again.',
      bytes.length,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Eight factors below 2³² stay far below the largest double; what rounding there is lies beyond any limit.
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements > limitBytes) {
    throw new FormatError(
      `${name} claims ${shape.join(' × ')} unsigned bytes, ${elements} in all, and at most ${limitBytes} are read. ` +
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
      `${name} is neither IDX nor gzip: its byte ${wrong} is ${bytes[wrong]}, and IDX has 0 there. Check that it is the right file.`,
      wrong,
    );
  }
  if (type === undefined || rank === undefined) {
    throw new FormatError(
      `${name} is cut short: an IDX file begins with 4 bytes, and the file ends at byte ${bytes.length}. Get the file again.`,
      bytes.length,
    );
  }
  if (type !== 0x08) {
    const found = elementTypes.get(type);
    throw new FormatError(
      `${name} holds ${found ?? 'elements of a type that IDX does not have'} (type ${type} at byte 2), and only ` +
        'unsigned bytes (type 8) are read. Convert it to unsigned bytes.',
      2,
    );
  }
  if (rank < 1 || rank > maximumRank) {
    throw new FormatError(
      `${name} has ${rank} dimensions, and 1 to ${maximumRank} are read. Check that it is the right file.`,
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
      `${name} is ${fault}: it claims ${describe(header)}, and it has ${bytes.length} bytes. Get the file again.`,
      Math.min(bytes.length, fileBytes),
    );
  }
  return { shape, data: bytes.subarray(headerBytes) };
}

function describe({ shape, fileBytes }: IdxHeader): string {
  return `${shape.join(' × ')} unsigned bytes, ${fileBytes} with its header`;
}
