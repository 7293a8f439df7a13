/** Hostile bytes: whatever stands in a file, reading it ends in a valid parse or in a typed error. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError, NudgeError } from '../../src/errors.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import {
  dtypes,
  readSafetensors,
  writeSafetensors,
  type SafetensorsFile,
  type Tensor,
} from '../../src/formats/safetensors.ts';
import { Network } from '../../src/network/network.ts';

const small = saveParameters(new Network({ layers: [2, 3, 2], seed: 7 }));
const headerEnd = 8 + new DataView(small.buffer).getUint32(0, true);

/**
 * Reads `bytes`, and holds what was read to what every safetensors file is: tensors that fill the data from
 * end to end. Anything thrown that is no FormatError within the file fails the test.
 */
function readOrRefuse(bytes: Uint8Array): SafetensorsFile | undefined {
  let file: SafetensorsFile;
  try {
    file = readSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    return undefined;
  }
  let position = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  for (const { dtype, shape, data } of file.tensors.values()) {
    expect(data.byteOffset - bytes.byteOffset).toBe(position);
    const elements = shape.reduce((product, size) => product * size, 1);
    expect(data.length * 8).toBe(elements * Number(/\d+/.exec(dtype)?.[0] ?? 8));
    position += data.length;
  }
  expect(position).toBe(bytes.length);
  return file;
}

test('a file cut at any length is refused', () => {
  for (let length = 0; length < small.length; length++) {
    expect(readOrRefuse(small.slice(0, length)), `${length} bytes`).toBeUndefined();
  }
  expect(readOrRefuse(small)).toBeDefined();
});

test('a header with any one bit flipped is refused, or reads as one that is written the same', () => {
  let taken = 0;
  for (let bit = 0; bit < 8 * headerEnd; bit++) {
    const bytes = small.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const file = readOrRefuse(bytes);
    if (!file) continue;
    taken++;
    expect(readSafetensors(writeSafetensors(file.tensors, file.metadata))).toEqual(file);
  }
  // Letters of names and metadata may change into others; lengths, offsets and structure may not.
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(8 * headerEnd);
});

test('a network with any one bit of the file flipped loads, or is refused with a typed error', () => {
  for (let bit = 0; bit < 8 * small.length; bit++) {
    const bytes = small.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    try {
      expect(loadParameters(bytes).parameters.every(Number.isFinite)).toBe(true);
    } catch (error) {
      if (!(error instanceof NudgeError)) throw error;
    }
  }
});

test('bytes changed, cut out and put in anywhere are refused or read whole', () => {
  const edit = fc.record({
    at: fc.nat(small.length - 1),
    remove: fc.nat(4),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc
        .constantFrom(
          '"',
          '\\',
          '{}',
          '[',
          ']',
          ',',
          ':',
          '0',
          '-1',
          '9'.repeat(20),
          'null',
          '"a":',
          '\\ud800',
          'é',
        )
        .map((text) => new TextEncoder().encode(text)),
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), (edits, mend) => {
      let bytes = [...small];
      for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert);
      if (mend) {
        // The header length is made right again, so that the edits reach the parser behind it.
        const end = bytes.length - (small.length - headerEnd);
        if (end > 8) bytes = [end - 8, (end - 8) >> 8, 0, 0, 0, 0, 0, 0, ...bytes.slice(8)];
      }
      readOrRefuse(Uint8Array.from(bytes, (byte) => byte & 0xff));
    }),
    { numRuns: 4000 },
  );
});

test('any header text is refused or read whole', () => {
  const number = fc.oneof(fc.nat(16), fc.constantFrom(-1, 0.5, 1e21, 2 ** 53, 2 ** 32, 2 ** 31));
  const entry = fc.record(
    {
      dtype: fc.oneof(fc.constantFrom(...dtypes, 'F33', '__proto__'), fc.jsonValue()),
      shape: fc.oneof(fc.array(number, { maxLength: 4 }), fc.jsonValue()),
      data_offsets: fc.oneof(fc.array(number, { maxLength: 3 }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const header = fc.oneof(
    fc
      .dictionary(fc.string({ unit: 'binary' }), fc.oneof(entry, fc.jsonValue()))
      .map((o) => JSON.stringify(o)),
    fc.json(),
    fc.string({ unit: 'binary' }).map((text) => `{${text}`),
  );
  fc.assert(
    fc.property(header, fc.nat(32), (text, dataBytes) => {
      const json = new TextEncoder().encode(text);
      const bytes = new Uint8Array(8 + json.length + dataBytes);
      new DataView(bytes.buffer).setUint32(0, json.length, true);
      bytes.set(json, 8);
      readOrRefuse(bytes);
    }),
    { numRuns: 4000 },
  );
});

test('any bytes are refused or read whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      readOrRefuse(bytes);
    }),
    { numRuns: 2000 },
  );
});

test('files read back equal, with any names, shapes and metadata', () => {
  const tensor = fc
    .tuple(
      fc.constantFrom('U8', 'I16', 'F32', 'F64' as const),
      fc.array(fc.nat(4), { maxLength: 3 }),
    )
    .map(([dtype, shape]): Tensor => {
      const elements = shape.reduce((product, size) => product * size, 1);
      const width = { U8: 1, I16: 2, F32: 4, F64: 8 }[dtype];
      return { dtype, shape, data: new Uint8Array(elements * width).map((_, i) => i * 37) };
    });
  const name = fc
    .string({ unit: 'binary' })
    .filter((text) => !['__proto__', '__metadata__'].includes(text));
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, tensor), { maxLength: 6 }),
      fc.array(fc.tuple(name, text), { maxLength: 6 }),
      (tensors, metadata) => {
        const [given, said] = [new Map(tensors), new Map(metadata)];
        const bytes = writeSafetensors(given, said);
        const file = readOrRefuse(bytes)!;
        const sorted = <T>(map: ReadonlyMap<string, T>) =>
          [...map].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(file.tensors)).toEqual(sorted(given));
        expect(sorted(file.metadata)).toEqual(sorted(said));
        expect(writeSafetensors(file.tensors, file.metadata)).toEqual(bytes);
      },
    ),
    { numRuns: 1000 },
  );
});
