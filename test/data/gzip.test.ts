import { crc32 as zlibChecksum, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { gunzip, gunzipStart, isGzip } from '../../src/data/gzip.ts';
import { FormatError } from '../../src/errors.ts';
import { platforms } from '../support/decompressionStreams.ts';
import { failureOf } from '../support/failure.ts';
import { pack } from '../support/idxFiles.ts';

const text = new TextEncoder().encode('the quick brown fox jumps over the lazy dog, the quick');
const packed = pack(text);
const limit = 1000;

const failure = (promise: Promise<unknown>) => failureOf(promise, FormatError);

function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

function withByte(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = bytes.slice();
  changed[offset] = value;
  return changed;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(platforms)('on $name', ({ DecompressionStream, seesTruncation }) => {
  beforeEach(() => {
    if (DecompressionStream) vi.stubGlobal('DecompressionStream', DecompressionStream);
  });

  test('unpacks what zlib packed, up to exactly the limit', async () => {
    expect(await gunzip(packed, text.length)).toEqual(text);
    expect(await gunzip(pack(new Uint8Array(0)), 0)).toEqual(new Uint8Array(0));
  });

  test('refuses a byte more than the limit, at the limit', async () => {
    const { offset, message } = await failure(gunzip(packed, text.length - 1, 'a.gz'));
    expect(offset).toBe(text.length - 1);
    expect(message).toBe(
      `a.gz unpacks to more than ${text.length - 1} bytes, the most that are expected of it. Get the file again.`,
    );
  });

  test('refuses a file cut at any byte', async () => {
    for (let length = 0; length < packed.length; length++) {
      const { offset, message } = await failure(gunzip(packed.subarray(0, length), limit));
      expect(message).toMatch(/ cut short: /);
      if (seesTruncation) expect(offset).toBe(length);
      else expect(offset).toBeLessThanOrEqual(length);
    }
  });

  test.each([
    ['a byte', [0]],
    ['zeros, as a tape pads', new Uint8Array(600)],
    ['a second member', packed],
    ['an empty second member', pack(new Uint8Array(0))],
  ])('refuses %s after the end, at the end', async (_, addition) => {
    const { offset, message } = await failure(gunzip(join(packed, addition), limit));
    expect(offset).toBe(packed.length);
    expect(message).toContain(
      `which end at byte ${packed.length}, up to byte ${packed.length + addition.length}:`,
    );
  });

  test('refuses an empty member before the data', async () => {
    const empty = pack(new Uint8Array(0));
    expect((await failure(gunzip(join(empty, packed), limit))).offset).toBe(empty.length);
  });

  test('refuses bytes between the data and a trailer that matches them', async () => {
    const trailer = packed.length - 8;
    const stuffed = join(packed.subarray(0, trailer), [1, 2, 3], packed.subarray(trailer));
    expect((await failure(gunzip(stuffed, limit))).offset).toBe(trailer);
  });

  test('refuses a wrong checksum or size, at the trailer', async () => {
    for (let offset = packed.length - 8; offset < packed.length; offset++) {
      const wrong = withByte(packed, offset, packed[offset]! ^ 1);
      const error = await failure(gunzip(wrong, limit));
      expect(error.offset).toBe(packed.length - 8);
      expect(error.message).toContain(`unpacks to ${text.length} bytes with CRC-32`);
    }
  });

  test('refuses bad deflate data, at the byte', async () => {
    const { offset, message, cause } = await failure(gunzip(withByte(packed, 10, 7), limit));
    expect(offset).toBe(10);
    expect(message).toContain('damaged at byte 10');
    expect(cause).toBeInstanceOf(Error);
  });

  test('takes no changed bit for the data', async () => {
    for (let bit = 0; bit < packed.length * 8; bit++) {
      const offset = bit >>> 3;
      const changed = withByte(packed, offset, packed[offset]! ^ (1 << (bit & 7)));
      // Time, extra flags and system say nothing about the data; nor does bit 0 of the flags (text).
      const isIdle = (offset >= 4 && offset < 10) || bit === 3 * 8;
      const result = await gunzip(changed, limit).catch((error: unknown) => error);
      // Where missing bytes are overlooked, so is an end mark that is gone; the data are proved all the same.
      const isUnseen = !seesTruncation && result instanceof Uint8Array;
      if (isIdle || isUnseen) expect(result).toEqual(text);
      else expect(result).toBeInstanceOf(FormatError);
    }
  });

  test('gives the beginning without looking at the rest', async () => {
    const damaged = withByte(packed, packed.length - 1, 99);
    expect(await gunzipStart(damaged, 9)).toEqual(text.subarray(0, 9));
    expect(await gunzipStart(damaged, text.length)).toEqual(text);
    expect(await gunzipStart(packed, text.length)).toEqual(text);
    expect(await gunzipStart(packed, limit)).toEqual(text);
    expect((await failure(gunzipStart(damaged, limit))).offset).toBe(packed.length - 8);
  });
});

describe('the header', () => {
  /** Header with every optional field: extra, name, comment, checksum. */
  function fullHeader(change?: (header: number[]) => void): Uint8Array {
    const header = [0x1f, 0x8b, 8, 0b11111, 1, 2, 3, 4, 0, 255];
    header.push(3, 0, 0x41, 0, 0x42, ...Buffer.from('name\0'), ...Buffer.from('a comment\0'));
    const checksum = zlibChecksum(Buffer.from(header)) & 0xffff;
    header.push(checksum & 255, checksum >>> 8);
    change?.(header);
    return join(header, packed.subarray(10));
  }

  test('may have every optional field', async () => {
    expect(await gunzip(fullHeader(), limit)).toEqual(text);
  });

  test('is refused when cut at any byte', async () => {
    const whole = fullHeader();
    const headerLength = whole.length - (packed.length - 10);
    for (let length = 0; length < headerLength; length++) {
      const { offset } = await failure(gunzip(whole.subarray(0, length), limit));
      expect(offset).toBe(length);
    }
  });

  test.each([
    [0, 0x1e],
    [1, 0x8c],
    [2, 7],
    [3, 0x20],
    [3, 0x80],
  ])('is refused with byte %i being %i, at that byte', async (offset, value) => {
    const error = await failure(gunzip(withByte(packed, offset, value), limit));
    expect(error.offset).toBe(offset);
    expect(error.message).toContain(`byte ${offset} is ${value}, `);
  });

  test('is refused when its own checksum is wrong, at the checksum', async () => {
    const wrong = fullHeader((header) => (header[header.length - 1]! ^= 1));
    expect((await failure(gunzip(wrong, limit))).offset).toBe(
      wrong.length - (packed.length - 10) - 2,
    );
  });

  test('is known by its first two bytes', () => {
    expect(isGzip(packed)).toBe(true);
    expect(isGzip(Uint8Array.of(0x1f))).toBe(false);
    expect(isGzip(Uint8Array.of(0x1f, 0x8a))).toBe(false);
    expect(isGzip(Uint8Array.of(0, 0x8b))).toBe(false);
  });
});

test('reads a view that does not begin at its buffer’s beginning', async () => {
  const within = join([9, 9, 9], packed, [9]).subarray(3, 3 + packed.length);
  expect(await gunzip(within, limit)).toEqual(text);
});

test('holds little more than the limit of a small file that unpacks to 256 MiB', async () => {
  const bomb = pack(new Uint8Array(2 ** 28));
  expect(bomb.length).toBeLessThan(2 ** 19);
  const before = process.memoryUsage().arrayBuffers;
  expect((await failure(gunzip(bomb, limit))).offset).toBe(limit);
  // What a platform may inflate of one input chunk, twice.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 25);
});

test('unpacks data of several megabytes bit for bit', async () => {
  const original = Uint8Array.from(
    { length: 3_000_000 },
    (_, i) => Math.imul(i, 0x9e3779b1) >>> 21,
  );
  const unpacked = await gunzip(new Uint8Array(gzipSync(original)), original.length);
  expect(Buffer.from(unpacked.buffer).equals(original)).toBe(true);
});
