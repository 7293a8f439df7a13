import { crc32, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gunzip, gunzipStart, isGzip } from '../../src/data/gzip.ts';
import { FormatError } from '../../src/errors.ts';
import { failureOf } from '../support/failure.ts';
import { pack } from '../support/idxFiles.ts';

const text = new TextEncoder().encode('the quick brown fox jumps over the lazy dog, the quick');
const packed = pack(text);
const limit = 1000;
const fault =
  /^The file is damaged, cut short or followed by other data: .*\. Get the file again\.$/;

const failure = (promise: Promise<unknown>) => failureOf(promise, FormatError);

function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

function withByte(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = bytes.slice();
  changed[offset] = value;
  return changed;
}

test('unpacks what zlib packed, up to exactly the limit', async () => {
  expect(await gunzip(packed, text.length)).toEqual(text);
  expect(await gunzip(pack(new Uint8Array(0)), 0)).toEqual(new Uint8Array(0));
});

test('unpacks behind a header with every optional field', async () => {
  const header = [0x1f, 0x8b, 8, 0b11111, 1, 2, 3, 4, 0, 255];
  header.push(3, 0, 0x41, 0, 0x42, ...Buffer.from('name\0'), ...Buffer.from('a comment\0'));
  const checksum = crc32(Buffer.from(header)) & 0xffff;
  header.push(checksum & 255, checksum >>> 8);
  expect(await gunzip(join(header, packed.subarray(10)), limit)).toEqual(text);
});

test('refuses a byte more than the limit, at the limit', async () => {
  const { offset, message } = await failure(gunzip(packed, text.length - 1, 'a.gz'));
  expect(offset).toBe(text.length - 1);
  expect(message).toBe(
    `a.gz unpacks to more than the ${text.length - 1} bytes that it may have. Get the file again.`,
  );
});

test('refuses a file cut at any byte', async () => {
  for (let length = 0; length < packed.length; length++) {
    const { message, cause } = await failure(gunzip(packed.subarray(0, length), limit));
    expect(message).toMatch(fault);
    expect(cause).toBeInstanceOf(Error);
  }
});

test.each([
  ['a byte', [7]],
  ['zeros, as a tape pads', new Uint8Array(600)],
  ['a second member', packed],
  ['an empty second member', pack(new Uint8Array(0))],
])('refuses %s after the end', async (_, addition) => {
  const { message } = await failure(gunzip(join(packed, addition), limit));
  expect(message).toMatch(fault);
});

test('refuses bytes between the data and a trailer that matches them', async () => {
  const trailer = packed.length - 8;
  const stuffed = join(packed.subarray(0, trailer), [1, 2, 3], packed.subarray(trailer));
  await failure(gunzip(stuffed, limit));
});

test('refuses a wrong checksum or size', async () => {
  for (let offset = packed.length - 8; offset < packed.length; offset++) {
    await failure(gunzip(withByte(packed, offset, packed[offset]! ^ 1), limit));
  }
});

test('takes no changed bit for the data', async () => {
  for (let bit = 0; bit < packed.length * 8; bit++) {
    const offset = bit >>> 3;
    const changed = withByte(packed, offset, packed[offset]! ^ (1 << (bit & 7)));
    // Time, extra flags and system say nothing about the data; nor does bit 0 of the flags (text).
    const isIdle = (offset >= 4 && offset < 10) || bit === 3 * 8;
    const result = await gunzip(changed, limit).catch((error: unknown) => error);
    if (isIdle) expect(result).toEqual(text);
    else expect(result).toBeInstanceOf(FormatError);
  }
});

describe('the beginning alone', () => {
  test('is given without a look at the rest', async () => {
    const zeros = pack(new Uint8Array(2 ** 20));
    const damaged = withByte(zeros, zeros.length - 1, 99);
    const start = await gunzipStart(damaged, 9);
    expect(start.length).toBeGreaterThan(9);
    expect(start.length).toBeLessThan(2 ** 20);
    expect(start.every((byte) => byte === 0)).toBe(true);
  });

  test('is all of a file that has no more', async () => {
    expect(await gunzipStart(packed, limit)).toEqual(text);
  });

  test('is refused where a fault shows so early', async () => {
    const { offset, cause } = await failure(gunzipStart(withByte(packed, 10, 7), limit));
    expect(offset).toBe(0);
    expect(cause).toBeInstanceOf(Error);
  });
});

test('gzip is known by its first two bytes', () => {
  expect(isGzip(packed)).toBe(true);
  expect(isGzip(Uint8Array.of(0x1f))).toBe(false);
  expect(isGzip(Uint8Array.of(0x1f, 0x8a))).toBe(false);
  expect(isGzip(Uint8Array.of(0, 0x8b))).toBe(false);
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
  // What a platform may unpack of one input chunk, twice.
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
