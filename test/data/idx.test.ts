import { constants, gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { readIdx } from '../../src/data/idx.ts';
import { FormatError } from '../../src/errors.ts';
import { failureOf } from '../support/failure.ts';
import { makeIdx, pack } from '../support/idxFiles.ts';

const failure = (bytes: Uint8Array, options = {}) =>
  failureOf(readIdx(bytes, { name: 'a-file', ...options }), FormatError);

const file = makeIdx([2, 3], [1, 2, 3, 4, 5, 6]);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each([
  ['plain', (bytes: Uint8Array) => bytes],
  ['packed', pack],
])('a %s file', (_, keep) => {
  test('gives its shape and its elements', async () => {
    const { shape, data } = await readIdx(keep(file));
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('may have any number of dimensions from 1 to 8, and none of a size', async () => {
    expect(await readIdx(keep(makeIdx([3], [7, 8, 9])))).toMatchObject({ shape: [3] });
    const eight = [1, 2, 1, 1, 1, 1, 1, 2];
    expect(await readIdx(keep(makeIdx(eight, [1, 2, 3, 4])))).toMatchObject({ shape: eight });
    const empty = await readIdx(keep(makeIdx([0, 28, 28], [])));
    expect(empty).toEqual({ shape: [0, 28, 28], data: new Uint8Array(0) });
  });

  test('is refused when cut at any byte, where it ends', async () => {
    for (let length = 0; length < file.length; length++) {
      const error = await failure(keep(file.subarray(0, length)));
      expect(error.offset).toBe(length);
      expect(error.message).toMatch(/^a-file is cut short: .*\.$/);
    }
  });

  test('is refused when longer than its header says, where it should end', async () => {
    const error = await failure(keep(Uint8Array.of(...file, 0)));
    expect(error.offset).toBe(file.length);
  });

  test.each([
    [9, 'holds signed bytes (type 9 at byte 2)'],
    [0x0b, 'holds 16-bit integers (type 11 at byte 2)'],
    [0x0c, 'holds 32-bit integers (type 12 at byte 2)'],
    [0x0d, 'holds 32-bit floats (type 13 at byte 2)'],
    [0x0e, 'holds 64-bit floats (type 14 at byte 2)'],
    [0x0a, 'holds elements of an unknown type (type 10 at byte 2)'],
  ])('is refused with elements of type %i', async (type, fact) => {
    const other = file.slice();
    other[2] = type;
    const error = await failure(keep(other));
    expect(error.offset).toBe(2);
    expect(error.message).toBe(
      `a-file ${fact}, but nudge reads only unsigned bytes (type 8). Convert it to unsigned bytes.`,
    );
  });

  test.each([0, 9, 255])('is refused with %i dimensions', async (rank) => {
    const error = await failure(keep(makeIdx(new Array<number>(rank).fill(1), [1])));
    expect(error.offset).toBe(3);
    expect(error.message).toContain(`must have 1 to 8 dimensions; got ${rank}`);
  });

  test.each([
    [[2 ** 32 - 1, 2 ** 32 - 1], (2 ** 32 - 1) ** 2],
    [[65536, 65536, 65536, 65536], 2 ** 64],
    [[2 ** 31, 1], 2 ** 31],
    [new Array<number>(8).fill(2 ** 32 - 1), (2 ** 32 - 1) ** 8],
  ])('is refused when it claims %j elements', async (shape, elements) => {
    const error = await failure(keep(makeIdx(shape, [1, 2, 3])));
    expect(error.offset).toBe(4);
    expect(error.message).toContain(`claims ${elements} unsigned bytes (`);
    expect(error.message).toContain(`), but limitBytes is ${2 ** 30}.`);
  });

  test('is read up to exactly the given limit', async () => {
    expect(await readIdx(keep(file), { limitBytes: 6 })).toMatchObject({ shape: [2, 3] });
    expect((await failure(keep(file), { limitBytes: 5 })).message).toContain('limitBytes is 5');
  });
});

test.each([
  ['<html>', 0, 60],
  ['\0PNG', 1, 80],
])('a file that begins %j is refused, naming the byte', async (beginning, offset, value) => {
  const error = await failure(new TextEncoder().encode(beginning));
  expect(error.offset).toBe(offset);
  expect(error.message).toBe(
    `a-file is neither IDX nor gzip: its byte ${offset} is ${value}, but IDX requires 0. Check that it is the right file.`,
  );
});

test('a small packed file cannot fill the memory: it is unpacked no further than its header says', async () => {
  const bomb = pack(makeIdx([100], new Uint8Array(2 ** 26)));
  const error = await failure(bomb);
  expect(error.offset).toBe(108);
  expect(error.message).toContain('unpacks to more than the 108 bytes');
});

/** Accepts data that are cut short, as Deno does. */
class LenientDecompressionStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor() {
    const received: Uint8Array[] = [];
    super({
      transform: (chunk) => void received.push(chunk),
      flush(controller) {
        const options = { finishFlush: constants.Z_SYNC_FLUSH };
        if (received.length > 0) {
          controller.enqueue(gunzipSync(Buffer.concat(received), options));
        }
      },
    });
  }
}

test('a packed file that is cut is refused where the platform accepts it', async () => {
  vi.stubGlobal('DecompressionStream', LenientDecompressionStream);
  const packed = pack(file);
  expect(await readIdx(packed)).toMatchObject({ shape: [2, 3] });
  // A single byte is not known for gzip.
  for (let length = 2; length < packed.length; length++) {
    expect((await failure(packed.subarray(0, length))).message).toMatch(/^a-file is .*cut short/);
  }
});

test('the elements of a plain file are a view, not a copy', async () => {
  const { data } = await readIdx(file);
  expect(data.buffer).toBe(file.buffer);
  expect(data.byteOffset).toBe(12);
});

test('a view that does not begin at its buffer’s beginning is read as itself', async () => {
  const within = Uint8Array.of(9, 9, 9, ...file, 9).subarray(3, 3 + file.length);
  expect((await readIdx(within)).shape).toEqual([2, 3]);
});
