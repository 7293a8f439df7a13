import { expect, test } from 'vitest';
import { float32Values, readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { officialMixedFile, officialNetworkFile } from './safetensorsFile.ts';

/** The format's description, followed with a pencil: one F32 tensor w of shape [1, 2], values 1 and −2. */
const handmade = Uint8Array.from([
  // header length 64, little-endian
  ...[0x40, 0, 0, 0, 0, 0, 0, 0],
  // {"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}
  ...[0x7b, 0x22, 0x77, 0x22, 0x3a, 0x7b, 0x22, 0x64, 0x74, 0x79, 0x70, 0x65, 0x22, 0x3a, 0x22],
  ...[0x46, 0x33, 0x32, 0x22, 0x2c, 0x22, 0x73, 0x68, 0x61, 0x70, 0x65, 0x22, 0x3a, 0x5b, 0x31],
  ...[0x2c, 0x32, 0x5d, 0x2c, 0x22, 0x64, 0x61, 0x74, 0x61, 0x5f, 0x6f, 0x66, 0x66, 0x73, 0x65],
  ...[0x74, 0x73, 0x22, 0x3a, 0x5b, 0x30, 0x2c, 0x38, 0x5d, 0x7d, 0x7d],
  // spaces up to 64
  ...[0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20],
  // 1.0 is 0x3f800000, −2.0 is 0xc0000000
  ...[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0],
]);

test('a file made by hand reads as what was meant', () => {
  const { tensors, metadata } = readSafetensors(handmade);
  expect([...tensors.keys()]).toEqual(['w']);
  const { dtype, shape, data } = tensors.get('w')!;
  expect({ dtype, shape }).toEqual({ dtype: 'F32', shape: [1, 2] });
  expect([...data]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  expect([...float32Values(data)]).toEqual([1, -2]);
  expect(metadata.size).toBe(0);
});

test('writing the same tensor pads to 8 bytes and no further', () => {
  // 56 bytes of JSON are a multiple of 8 already, so the written file has no spaces where the handmade has 8.
  const written = writeSafetensors(readSafetensors(handmade).tensors);
  expect(new TextDecoder().decode(written.subarray(8, 64))).toBe(
    '{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}',
  );
  expect([...written.subarray(0, 8)]).toEqual([56, 0, 0, 0, 0, 0, 0, 0]);
  expect([...written.subarray(64)]).toEqual([...handmade.subarray(72)]);
});

test('a file of the official package reads as what was saved', () => {
  const { tensors, metadata } = readSafetensors(officialMixedFile);
  expect([...metadata]).toEqual([['format', 'pt']]);
  expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
    ['counts', 'I64', [2]],
    ['empty', 'F64', [0, 3]],
    ['layers.0.bias', 'F32', [2]],
    ['layers.0.weight', 'F32', [2, 3]],
    ['é "quoted"\n', 'F16', [2]],
    ['scalar', 'U8', []],
    ['mask', 'BOOL', [3]],
  ]);
  expect([...float32Values(tensors.get('layers.0.weight')!.data)]).toEqual([
    1, -2, 0.5, 0.25, 3, -0.125,
  ]);
  expect([...float32Values(tensors.get('layers.0.bias')!.data)]).toEqual(
    [0.1, -0.1].map(Math.fround),
  );
  const { data } = tensors.get('counts')!;
  const counts = new DataView(data.buffer, data.byteOffset, data.byteLength);
  expect([counts.getBigInt64(0, true), counts.getBigInt64(8, true)]).toEqual([-1n, 2n ** 40n]);
  expect([...tensors.get('mask')!.data]).toEqual([1, 0, 1]);
  expect([...tensors.get('scalar')!.data]).toEqual([7]);
});

test.each([
  ['mixed', officialMixedFile],
  ['network', officialNetworkFile],
])('the official %s file, read and written, has the same bytes', (_, official) => {
  const { tensors, metadata } = readSafetensors(official);
  expect(Buffer.from(writeSafetensors(tensors, metadata)).equals(official)).toBe(true);
});
