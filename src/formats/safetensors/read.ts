/**
 * Reads safetensors and checks everything. The file is 8 bytes of header length (little-endian), a JSON header
 * with each tensor's dtype, shape and offsets, and the tensors' bytes.
 *
 * The checks are those of the official parser (https://github.com/huggingface/safetensors). They also refuse
 * what that parser accepts but no writer makes: a key that occurs twice, `__proto__`, a header that does not
 * begin with '{', unknown fields, `null` metadata, and sizes of 2⁵³ and more.
 */
import { FormatError } from '../../errors.ts';
import { dtypes, tensorByteLength, type Dtype } from './dtype.ts';
import { JsonReader, quote } from './json.ts';
import {
  describeShape,
  maxHeaderBytes,
  metadataKey,
  type SafetensorsFile,
  type Tensor,
} from './tensor.ts';

/** Bytes before the header: its length, an unsigned 64-bit integer. */
const lengthBytes = 8;

/** The header's entry for one tensor. `begin` and `end` count from the end of the header. */
interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
  /** Position of its offsets in the header, for error messages. */
  readonly position: number;
}

/**
 * Reads the tensors and the metadata of a safetensors file.
 * @param bytes the whole file
 * @returns tensors whose `data` are views of `bytes`, not copies
 * @throws {FormatError} when the file is not valid, with the offset of the fault
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const dataStart = findDataStart(bytes);
  const reader = new JsonReader(decodeHeader(bytes.subarray(lengthBytes, dataStart)), lengthBytes);
  const entries: TensorEntry[] = [];
  const metadata = new Map<string, string>();
  reader.object('the header', (name) => {
    if (name === metadataKey) {
      reader.object(metadataKey, (key) => {
        metadata.set(key, reader.string(`metadata ${quote(key)}`));
      });
    } else {
      entries.push(readEntry(reader, name));
    }
  });
  reader.end();

  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireContiguous(reader, entries);
  const dataEnd = dataStart + (entries.at(-1)?.end ?? 0);
  if (dataEnd !== bytes.length) {
    throw new FormatError(
      `The tensors of the safetensors file end at byte ${dataEnd}, but the file has ${bytes.length} bytes. ` +
        (dataEnd > bytes.length
          ? 'It was cut short. Get it again.'
          : 'The rest belongs to no tensor. Get it again.'),
      Math.min(dataEnd, bytes.length),
    );
  }
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors.set(name, {
      dtype,
      shape,
      data: bytes.subarray(dataStart + begin, dataStart + end),
    });
  }
  return { tensors, metadata };
}

function findDataStart(bytes: Uint8Array): number {
  if (bytes.length < lengthBytes) {
    throw new FormatError(
      `A safetensors file begins with ${lengthBytes} bytes of header length, but this file has ${bytes.length} bytes. ` +
        'Get it again, or name another file.',
      bytes.length,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes);
  const headerBytes = view.getBigUint64(0, true);
  if (headerBytes > BigInt(maxHeaderBytes)) {
    throw new FormatError(
      `The header length of the safetensors file, ${headerBytes.toString()} bytes, is above the format's limit of ${maxHeaderBytes}. ` +
        'It is probably not a safetensors file. Name another.',
      0,
    );
  }
  const dataStart = lengthBytes + Number(headerBytes);
  if (dataStart > bytes.length) {
    throw new FormatError(
      `The header of the safetensors file ends at byte ${dataStart}, but the file has ${bytes.length} bytes. ` +
        'It was cut short, or is not a safetensors file. Get it again.',
      0,
    );
  }
  return dataStart;
}

function decodeHeader(header: Uint8Array): string {
  if (header[0] !== 0x7b) {
    throw new FormatError(
      `The header of a safetensors file begins with '{' (byte 0x7b), but this one ` +
        (header[0] === undefined
          ? 'is empty. '
          : `begins with byte 0x${header[0].toString(16).padStart(2, '0')}. `) +
        'It is probably not a safetensors file. Name another.',
      lengthBytes,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    const wrong = firstIllFormedByte(header);
    throw new FormatError(
      `The header of the safetensors file must be UTF-8, but its byte ${wrong} (0x${header[wrong]!.toString(16)}) is not. Get the file again.`,
      lengthBytes + wrong,
      { cause },
    );
  }
}

/** A lenient decoder replaces ill-formed UTF-8 with U+FFFD, so the text encoded again first differs there. */
function firstIllFormedByte(bytes: Uint8Array): number {
  const repaired = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(repaired);
  const wrong = bytes.findIndex((byte, i) => byte !== again[i]);
  // A sequence that breaks off at the end may begin like U+FFFD itself, which is EF BF BD.
  return wrong < 0 ? bytes.length - 1 : wrong;
}

function readEntry(reader: JsonReader, name: string): TensorEntry {
  const tensor = `tensor ${quote(name)}`;
  const start = reader.position;
  let dtype: Dtype | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  let position = start;
  reader.object(tensor, (field, fieldPosition) => {
    switch (field) {
      case 'dtype':
        dtype = readDtype(reader, tensor);
        break;
      case 'shape':
        shape = readNumbers(reader, `shape of ${tensor}`);
        break;
      case 'data_offsets':
        position = reader.position;
        offsets = readNumbers(reader, `data_offsets of ${tensor}`);
        break;
      default:
        reader.fail(
          `The ${tensor} has an unknown field ${quote(field)}. The fields are dtype, shape and data_offsets.`,
          fieldPosition,
        );
    }
  });
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    const missing = !dtype ? 'dtype' : !shape ? 'shape' : 'data_offsets';
    return reader.fail(`The ${tensor} has no ${missing}.`, start);
  }
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2) {
    return reader.fail(
      `The data_offsets of ${tensor} must be 2 numbers, begin and end; got ${offsets.length}.`,
      position,
    );
  }
  const entry = { name, dtype, shape, begin, end, position };
  requireLength(reader, entry);
  return entry;
}

function readDtype(reader: JsonReader, tensor: string): Dtype {
  const position = reader.position;
  const given = reader.string(`dtype of ${tensor}`);
  const found = dtypes.find((dtype) => dtype === given);
  return (
    found ??
    reader.fail(
      `The dtype of ${tensor} is ${quote(given)}. It must be one of ${dtypes.join(', ')}.`,
      position,
    )
  );
}

function readNumbers(reader: JsonReader, what: string): number[] {
  const numbers: number[] = [];
  reader.array(what, () => numbers.push(reader.wholeNumber(`a number of ${what}`)));
  return numbers;
}

function requireLength(reader: JsonReader, entry: TensorEntry): void {
  const { name, dtype, shape, begin, end, position } = entry;
  if (end < begin) {
    reader.fail(
      `The data of tensor ${quote(name)} ends at offset ${end}, before it begins at ${begin}.`,
      position,
    );
  }
  const expected = tensorByteLength(dtype, shape);
  if (expected !== end - begin) {
    const needs = typeof expected === 'number' ? `${expected} bytes` : expected;
    reader.fail(
      `The tensor ${quote(name)} of dtype ${dtype} and shape ${describeShape(shape)} takes ${needs}, ` +
        `but its data_offsets ${begin} to ${end} are ${end - begin} bytes.`,
      position,
    );
  }
}

/**
 * Requires that every byte of the data belongs to exactly one tensor. If tensors could share bytes, a small file could
 * claim a lot of memory.
 */
function requireContiguous(reader: JsonReader, sorted: readonly TensorEntry[]): void {
  let previous: TensorEntry | undefined;
  for (const entry of sorted) {
    const expected = previous?.end ?? 0;
    if (entry.begin !== expected) {
      const before = previous ? `tensor ${quote(previous.name)} ends` : 'the data begins';
      const fault =
        entry.begin < expected ? 'they overlap' : 'the bytes between belong to no tensor';
      reader.fail(
        `The data of tensor ${quote(entry.name)} begins at offset ${entry.begin}, but ${before} at ${expected}: ${fault}.`,
        entry.position,
      );
    }
    previous = entry;
  }
}
