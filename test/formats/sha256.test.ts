import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { sha256 } from '../../src/formats/sha256.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

// FIPS 180-2, appendix B.
test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('the digest of %j is the published one', async (text, digest) => {
  expect(await sha256(new TextEncoder().encode(text))).toBe(digest);
});

test('only the bytes of the view count, in memory shared between threads too', async () => {
  const expected = createHash('sha256')
    .update(Uint8Array.of(1, 2, 3))
    .digest('hex');
  for (const buffer of [new ArrayBuffer(9), new SharedArrayBuffer(9)]) {
    const bytes = new Uint8Array(buffer, 4, 3);
    bytes.set([1, 2, 3]);
    expect(await sha256(bytes)).toBe(expected);
  }
});

test.each([
  ['crypto.subtle, as in an insecure page', {}],
  ['crypto', undefined],
])('without %s the error says where to open the page', async (_, crypto) => {
  vi.stubGlobal('crypto', crypto);
  await expect(sha256(new Uint8Array())).rejects.toThrow(ConfigurationError);
  await expect(sha256(new Uint8Array())).rejects.toThrow(/over https or from localhost/);
});
