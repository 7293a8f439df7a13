/**
 * Hostile bytes for the readers of gzip and IDX: whatever comes in, either what it truly says comes out or a
 * FormatError does, with an offset and a sentence.
 */
import fc from 'fast-check';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gunzip } from '../../src/data/gzip.ts';
import { readIdx } from '../../src/data/idx.ts';
import { FormatError } from '../../src/errors.ts';
import { makeIdx } from '../support/idxFiles.ts';

/** Far more than any case here holds, and little enough that a case beyond it would show in the time taken. */
const limitBytes = 1 << 16;

async function settle<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(Number.isInteger(error.offset) && error.offset >= 0).toBe(true);
    expect(error.message).toMatch(/^The file .*\.$/s);
    return undefined;
  }
}

/** What a valid file becomes by up to four small accidents. */
function damage(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const accident = fc.record({
    kind: fc.constantFrom('change', 'insert', 'remove', 'cut', 'repeat'),
    at: fc.nat({ max: 2 ** 16 }),
    // Mostly small and the largest values: counts, types, dimensions.
    byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 8, 31, 127, 128, 139, 255)),
    length: fc.integer({ min: 1, max: 9 }),
  });
  return fc
    .tuple(valid, fc.array(accident, { minLength: 1, maxLength: 4 }))
    .map(([bytes, list]) => {
      let result = Array.from(bytes);
      for (const { kind, at, byte, length } of list) {
        const place = at % (result.length + 1);
        if (kind === 'change' && place < result.length) result[place] = byte;
        if (kind === 'insert') result.splice(place, 0, ...new Array<number>(length).fill(byte));
        if (kind === 'remove') result.splice(place, length);
        if (kind === 'cut') result = result.slice(0, place);
        if (kind === 'repeat') result.push(...result.slice(place));
      }
      return Uint8Array.from(result);
    });
}

const payload = fc.uint8Array({ maxLength: 200 });
const packed = fc
  .tuple(payload, fc.integer({ min: 0, max: 9 }))
  .map(([bytes, level]) => new Uint8Array(gzipSync(bytes, { level })));
const idx = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 4 }).map((shape) => {
  const elements = shape.reduce((product, size) => product * size, 1);
  return makeIdx(
    shape,
    Array.from({ length: elements }, (_, i) => i % 256),
  );
});
/** A header that says anything, before any elements. */
const boastful = fc
  .tuple(
    fc.array(fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(2 ** 16, 2 ** 31, 2 ** 32 - 1)), {
      maxLength: 9,
    }),
    payload,
  )
  .map(([shape, elements]) => makeIdx(shape, elements));
const maybePacked = (bytes: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(bytes, fc.boolean())
    .map(([file, isPacked]) => (isPacked ? new Uint8Array(gzipSync(file)) : file));

test('gunzip gives back what zlib packed', async () => {
  await fc.assert(
    fc.asyncProperty(payload, fc.integer({ min: 0, max: 9 }), async (bytes, level) => {
      const file = new Uint8Array(gzipSync(bytes, { level }));
      expect(await gunzip(file, bytes.length)).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

test('gunzip of damaged gzip gives what zlib gives, or a FormatError', async () => {
  await fc.assert(
    fc.asyncProperty(damage(packed), async (file) => {
      const bytes = await settle(gunzip(file, limitBytes));
      if (bytes) expect(Buffer.from(bytes).equals(gunzipSync(file))).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

test('readIdx of any bytes gives as many elements as its shape says, or a FormatError', async () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    damage(maybePacked(idx)),
    maybePacked(damage(idx)),
    maybePacked(boastful),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (file) => {
      const tensor = await settle(readIdx(file, { limitBytes }));
      if (!tensor) return;
      const elements = tensor.shape.reduce((product, size) => product * size, 1);
      expect(tensor.data.length).toBe(elements);
      expect(elements).toBeLessThanOrEqual(limitBytes);
    }),
    { numRuns: 3000 },
  );
});

test('readIdx gives back any shape and elements that were written', async () => {
  await fc.assert(
    fc.asyncProperty(maybePacked(idx), async (file) => {
      const { shape, data } = await readIdx(file);
      expect(Buffer.from(makeIdx(shape, data))).toEqual(
        Buffer.from(file[0] === 0x1f ? gunzipSync(file) : file),
      );
    }),
    { numRuns: 300 },
  );
});

test('hostile files end in a FormatError', async () => {
  const bomb = gzipSync(makeIdx([28], new Uint8Array(2 ** 26)));
  const bombWithinBomb = gzipSync(bomb);
  const hostile = [
    new Uint8Array(0),
    makeIdx([2 ** 32 - 1, 2 ** 32 - 1], []),
    gzipSync(makeIdx([2 ** 32 - 1, 2 ** 32 - 1], [])),
    gzipSync(makeIdx([2 ** 30], [])),
    bomb,
    bombWithinBomb,
    gzipSync(new Uint8Array(2 ** 26)),
    gzipSync(''),
    Buffer.concat([gzipSync(makeIdx([2], [])), gzipSync(Uint8Array.of(1, 2))]),
    Buffer.concat([gzipSync(makeIdx([1], [1])), gzipSync(makeIdx([1], [1]))]),
  ];
  for (const [i, file] of hostile.entries()) {
    expect(await settle(readIdx(new Uint8Array(file))), `hostile file ${i}`).toBeUndefined();
  }
});
