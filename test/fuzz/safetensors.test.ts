/** Hostile bytes: whatever stands in a file, reading it ends in a valid parse or in a typed error. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError, NudgeError } from '../../src/errors.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import {
  readSafetensors,
  writeSafetensors,
  type SafetensorsFile,
  type Tensor,
} from '../../src/formats/safetensors.ts';
import { Network } from '../../src/network/network.ts';
import { checkSafetensors } from './tensorTargets.ts';

const small = saveParameters(new Network({ layers: [2, 3, 2], seed: 7 }));
const headerEnd = 8 + new DataView(small.buffer).getUint32(0, true);

/** What is read, held to what every safetensors file is; undefined if it is refused. */
function readOrRefuse(bytes: Uint8Array): SafetensorsFile | undefined {
  try {
    checkSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    return undefined;
  }
  return readSafetensors(bytes);
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
