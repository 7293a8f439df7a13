/**
 * A checksum and a sequence number in the metadata of a safetensors file. Both have fixed widths, so that a writer can
 * number a finished file without parsing it.
 */
import { ConfigurationError, FormatError } from '../errors.ts';
import { escapeInvisible, requireBytes, show } from '../network/arguments.ts';
import { sha256 } from './sha256.ts';

const checksumKey = 'checkpoint.sha256';
const sequenceKey = 'checkpoint.sequence';
const checksumDigits = 64;
/** The digits of `Number.MAX_SAFE_INTEGER`. */
const sequenceDigits = 16;

/** The metadata that {@link seal} fills in. */
export const openSeal: ReadonlyMap<string, string> = new Map([
  [checksumKey, '0'.repeat(checksumDigits)],
  [sequenceKey, '0'.repeat(sequenceDigits)],
]);

/**
 * The longest header of a sealed file, in bytes. Parsed, a header takes several times its length, so this limits what a
 * hostile file can take. A network of 4,000 layers fits.
 */
const maxHeaderBytes = 2 ** 22;

/**
 * Numbers a file, and then takes the checksum: SHA-256 over the whole file with the checksum's digits as zeros.
 * @param bytes a safetensors file whose metadata has {@link openSeal}, or a sealed file
 * @param sequence a non-negative safe integer
 * @returns a copy
 * @throws {ConfigurationError} when the file has no seal
 */
export async function seal(bytes: Uint8Array, sequence: number): Promise<Uint8Array<ArrayBuffer>> {
  requireBytes('A checkpoint', bytes);
  const file = Uint8Array.from(bytes);
  let places: Places;
  try {
    places = findPlaces(file);
  } catch (cause) {
    throw new ConfigurationError(
      `These bytes are no checkpoint: ${(cause as Error).message} Give the bytes of Trainer.checkpoint().`,
      { cause },
    );
  }
  write(file, places.sequence, String(sequence).padStart(sequenceDigits, '0'));
  write(file, places.checksum, '0'.repeat(checksumDigits));
  write(file, places.checksum, await sha256(file));
  return file;
}

/**
 * Checks the seal of a file. A file that was cut short or changed, even in one bit, is refused.
 * @returns the sequence number
 * @throws {FormatError} when the file has no seal, or its checksum is wrong
 */
export async function requireSealed(bytes: Uint8Array): Promise<number> {
  requireBytes('The bytes of a checkpoint', bytes);
  const { checksum, sequence } = findPlaces(bytes);
  const expected = read(bytes, checksum, checksumDigits);
  const number = read(bytes, sequence, sequenceDigits);
  // The platform copies the bytes before `digest` returns. Zeros in place save a copy of the whole file.
  write(bytes, checksum, '0'.repeat(checksumDigits));
  const hash = sha256(bytes);
  write(bytes, checksum, expected);
  const found = await hash;
  if (found !== expected) {
    throw new FormatError(
      `The checkpoint has SHA-256 ${found}, but its header says ${escapeInvisible(expected)}. It is damaged. Use another one.`,
      checksum,
    );
  }
  if (!/^\d+$/.test(number) || !Number.isSafeInteger(Number(number))) {
    throw new FormatError(
      `The sequence number of the checkpoint must be ${sequenceDigits} digits; got ${show(number)}. Use another one.`,
      sequence,
    );
  }
  return Number(number);
}

/** Offsets of the digits in the file. */
interface Places {
  readonly checksum: number;
  readonly sequence: number;
}

/** @throws {FormatError} */
function findPlaces(bytes: Uint8Array): Places {
  const refuse = (why: string, offset: number): never => {
    throw new FormatError(`This is not a whole checkpoint: ${why}. Use another one.`, offset);
  };
  if (bytes.length < 8) refuse(`it has ${bytes.length} bytes`, bytes.length);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (headerBytes > BigInt(Math.min(maxHeaderBytes, bytes.length - 8))) {
    refuse(
      `its header should have ${headerBytes} bytes, but the file has ${bytes.length} bytes and the limit is ${maxHeaderBytes}`,
      0,
    );
  }
  // One character per byte, so that positions are offsets.
  const header = text(bytes.subarray(8, 8 + Number(headerBytes)));
  const find = (key: string, digits: number): number => {
    // JSON escapes quotes within strings, so this can only be the key itself.
    const begin = `"${key}":"`;
    const at = header.indexOf(begin);
    if (at < 0 || header[at + begin.length + digits] !== '"') {
      refuse(`it has no metadata '${key}' of ${digits} characters`, 8);
    }
    return 8 + at + begin.length;
  };
  return {
    checksum: find(checksumKey, checksumDigits),
    sequence: find(sequenceKey, sequenceDigits),
  };
}

/** Latin-1 in pieces, because a call takes a limited number of arguments. `TextDecoder` has only windows-1252. */
function text(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return pieces.join('');
}

function read(bytes: Uint8Array, at: number, length: number): string {
  return text(bytes.subarray(at, at + length));
}

function write(bytes: Uint8Array, at: number, characters: string): void {
  for (let i = 0; i < characters.length; i++) bytes[at + i] = characters.charCodeAt(i);
}
