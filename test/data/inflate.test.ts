import { deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findEnd, inflate } from '../../src/data/inflate.ts';
import { platforms } from '../support/decompressionStreams.ts';

/** One stored block, "abc" (RFC 1951, section 3.2.4). */
const stored = Uint8Array.of(1, 3, 0, 0xfc, 0xff, 0x61, 0x62, 0x63);

afterEach(() => {
  vi.unstubAllGlobals();
});

async function collect(body: Uint8Array) {
  const bytes: number[] = [];
  const { kind } = await inflate(body, (piece) => bytes.push(...piece) > 0);
  return { kind, bytes };
}

describe.each(platforms)('on $name', ({ DecompressionStream, seesTruncation }) => {
  function stub() {
    if (DecompressionStream) vi.stubGlobal('DecompressionStream', DecompressionStream);
  }

  test('inflates a stored block', async () => {
    stub();
    expect(await collect(stored)).toEqual({ kind: 'complete', bytes: [0x61, 0x62, 0x63] });
  });

  test('tells missing bytes from bad ones', async () => {
    stub();
    const cut = await inflate(stored.subarray(0, -1), () => true);
    expect(cut.kind).toBe(seesTruncation ? 'incomplete' : 'complete');
    const reservedBlockType = await inflate(Uint8Array.of(7), () => true);
    expect(reservedBlockType).toMatchObject({ kind: 'refused', cause: expect.any(Error) as Error });
  });

  test('finds the byte that contradicts deflate, and the end before other bytes', async () => {
    stub();
    const badLength = Uint8Array.of(1, 3, 0, 0xfc, 0xfe, 0x61, 0x62, 0x63, 9, 9);
    expect(await findEnd(badLength)).toBe(5);
    const followed = Uint8Array.of(...stored, 9, 9, 9);
    // A platform that overlooks missing bytes shows the end only by refusing the byte after it.
    expect(await findEnd(followed)).toBe(seesTruncation ? stored.length : stored.length + 1);
    expect(await findEnd(stored)).toBe(stored.length);
    expect(await findEnd(new Uint8Array(0))).toBe(0);
  });
});

test('stops when told to, having inflated little more than it handed on', async () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 27)));
  let handedOn = 0;
  const { kind } = await inflate(bomb, (piece) => (handedOn += piece.length) <= 1000);
  expect(kind).toBe('stopped');
  expect(handedOn).toBeGreaterThan(1000);
  expect(handedOn).toBeLessThanOrEqual(2 ** 24 + 1000);
});

test('inflates data of many chunks in order', async () => {
  const original = Uint8Array.from(
    { length: 300_000 },
    (_, i) => Math.imul(i * i, 0x9e3779b1) >>> 24,
  );
  const body = new Uint8Array(deflateRawSync(original, { level: 1 }));
  expect(body.length).toBeGreaterThan(4 * 2 ** 14);
  const pieces: Uint8Array[] = [];
  expect(await inflate(body, (piece) => pieces.push(piece) > 0)).toEqual({ kind: 'complete' });
  expect(Buffer.concat(pieces).equals(original)).toBe(true);
});
