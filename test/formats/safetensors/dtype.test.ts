import { expect, test } from 'vitest';
import { alignmentRank, dtypes, tensorByteLength } from '../../../src/formats/safetensors/dtype.ts';

test('the size of an element is what its name says', () => {
  for (const dtype of dtypes) {
    const digits = /\d+/.exec(dtype);
    const bits = digits ? Number(digits[0]) : 8; // only BOOL has none, and takes a byte
    expect(tensorByteLength(dtype, [8]), dtype).toBe(bits);
  }
});

test('an empty shape is one element, and a size of 0 is none', () => {
  expect(tensorByteLength('F64', [])).toBe(8);
  expect(tensorByteLength('F64', [3, 0, 5])).toBe(0);
});

test('alignment rises from bytes to 64 bits', () => {
  const bytes = dtypes.map((dtype) => tensorByteLength(dtype, [8]) as number);
  const wide = bytes.filter((length) => length >= 8);
  expect(wide).toEqual(wide.toSorted((a, b) => a - b));
  expect(alignmentRank('BOOL')).toBeLessThan(alignmentRank('U8'));
  expect(alignmentRank('F32')).toBeLessThan(alignmentRank('F64'));
});

test('a length that cannot be counted exactly has no number', () => {
  expect(tensorByteLength('U8', [2 ** 50 - 1])).toBe(2 ** 50 - 1);
  expect(tensorByteLength('U8', [2 ** 50])).toBe('more than 2⁵³ bits');
  expect(tensorByteLength('U8', [2 ** 27, 2 ** 27])).toBe('more than 2⁵³ bits');
  expect(tensorByteLength('F4', [3])).toBe('a part of a byte');
});
