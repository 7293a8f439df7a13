import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../../src/errors.ts';
import {
  dtypes,
  float32Tensor,
  readSafetensors,
  writeSafetensors,
  type Tensor,
} from '../../../src/formats/safetensors.ts';
import { errorOf } from '../../support/failure.ts';

const byte: Tensor = { dtype: 'U8', shape: [1], data: Uint8Array.of(9) };
const headerOf = (file: Uint8Array) =>
  new TextDecoder().decode(file.subarray(8, 8 + new DataView(file.buffer).getUint32(0, true)));

test('a file without tensors is a header of two braces and six spaces', () => {
  // The bytes the official package's own test expects.
  expect([...writeSafetensors(new Map())]).toEqual([
    ...[8, 0, 0, 0, 0, 0, 0, 0, 123, 125, 32, 32, 32, 32, 32, 32],
  ]);
});

test('metadata stands first, under its own key', () => {
  expect(headerOf(writeSafetensors(new Map([['a', byte]]), new Map([['format', 'pt']])))).toBe(
    '{"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.padEnd(
      88,
    ),
  );
});

test('tensors stand by falling alignment, then by name as UTF-8', () => {
  const named = (dtype: Tensor['dtype'], bytes: number): Tensor => ({
    dtype,
    shape: [1],
    data: new Uint8Array(bytes),
  });
  const file = writeSafetensors(
    new Map([
      ['b1', named('BOOL', 1)],
      ['a1', named('U8', 1)],
      ['z', named('F32', 4)],
      ['\u{1f600}', named('F32', 4)], // UTF-16 d83d de00, UTF-8 f0…
      ['\uffee', named('F32', 4)], // UTF-16 ffee, UTF-8 ef…
      ['z.', named('F32', 4)],
      ['c', named('F64', 8)],
    ]),
  );
  expect([...readSafetensors(file).tensors.keys()]).toEqual([
    ...['c', 'z', 'z.', '\uffee', '\u{1f600}', 'a1', 'b1'],
  ]);
});

test('the data of every tensor is aligned to its element', () => {
  const tensors = new Map<string, Tensor>();
  const widths = { U8: 1, BF16: 2, F32: 4, I64: 8 } as const;
  for (const [i, dtype] of (['U8', 'BF16', 'F32', 'I64', 'U8', 'F32'] as const).entries()) {
    const data = new Uint8Array(3 * widths[dtype]);
    tensors.set(`${'long'.repeat(i)}${i}`, { dtype, shape: [3], data });
  }
  for (let padding = 0; padding < 8; padding++) {
    const file = writeSafetensors(tensors, new Map([['pad', ' '.repeat(padding)]]));
    for (const { dtype, data } of readSafetensors(file).tensors.values()) {
      expect(data.byteOffset % widths[dtype as keyof typeof widths]).toBe(0);
    }
  }
});

test('the order of the maps does not change the bytes', () => {
  const tensors = [
    ['b', byte],
    ['a', float32Tensor([1], Float32Array.of(1))],
    ['c', byte],
  ] as const;
  const metadata = [
    ['y', '1'],
    ['x', '2'],
  ] as const;
  expect(writeSafetensors(new Map(tensors), new Map(metadata))).toEqual(
    writeSafetensors(new Map(tensors.toReversed()), new Map(metadata.toReversed())),
  );
});

test('metadata may say anything, only its keys may not be __proto__', () => {
  const metadata = new Map([['a', '__proto__']]);
  expect(readSafetensors(writeSafetensors(new Map(), metadata)).metadata).toEqual(metadata);
});

test('every dtype can be written and read', () => {
  for (const dtype of dtypes) {
    // Eight elements take as many bytes as one takes bits, and that number is in the name.
    const data = new Uint8Array(Number(/\d+/.exec(dtype)?.[0] ?? 8)).map((_, i) => i + 1);
    const file = writeSafetensors(new Map([['a', { dtype, shape: [8, 1], data }]]));
    expect(readSafetensors(file).tensors.get('a')).toEqual({ dtype, shape: [8, 1], data });
  }
  expect(dtypes).toHaveLength(20);
});

describe('refuses to write a file that cannot be read', () => {
  const f32 = (shape: number[], bytes: number): Tensor => ({
    dtype: 'F32',
    shape,
    data: new Uint8Array(bytes),
  });
  test.each([
    [
      'a tensor with too few bytes',
      'a',
      f32([2, 3], 20),
      /'a' of dtype F32 and shape \[2, 3] takes 24 bytes; got 20/,
    ],
    ['a tensor with too many bytes', 'a', f32([], 8), /shape \[] takes 4 bytes; got 8/],
    ['a fraction of a size', 'a', f32([0.5, 2], 4), /as sizes; got 0\.5/],
    ['a negative size', 'a', f32([-1, -1], 4), /as sizes; got -1/],
    ['sizes that cannot be counted', 'a', f32([2 ** 40, 2 ** 40], 0), /takes more than 2⁵³ bits/],
    [
      'a tensor named as the metadata',
      '__metadata__',
      f32([1], 4),
      /cannot be named '__metadata__'/,
    ],
    ['a tensor named __proto__', '__proto__', f32([1], 4), /'__proto__' cannot be a name/],
    ['half a surrogate pair', 'a\ud800', f32([1], 4), /half a surrogate pair/],
  ])('%s', (_, name, tensor, message) => {
    const { message: text } = errorOf(ConfigurationError, () =>
      writeSafetensors(new Map([[name, tensor]])),
    );
    expect(text).toMatch(message);
  });

  test.each([
    ['__proto__', 'x'],
    ['a', '\udfff'],
  ])('metadata %j: %j', (key, value) => {
    expect(() => writeSafetensors(new Map(), new Map([[key, value]]))).toThrow(ConfigurationError);
  });

  test('a header above the limit', () => {
    expect(() => writeSafetensors(new Map(), new Map([['a', 'x'.repeat(1e8)]]))).toThrow(
      /header of 0 tensors takes 100000032 bytes, but safetensors allows 100000000/,
    );
  });
});
