import { expect, test } from 'vitest';
import { crc32 } from '../../src/data/crc32.ts';

test('gives the check values of the CRC catalogue', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
  expect(crc32(new Uint8Array(32))).toBe(0x190a55ad);
  expect(crc32(new Uint8Array(32).fill(255))).toBe(0xff6cab0b);
});
