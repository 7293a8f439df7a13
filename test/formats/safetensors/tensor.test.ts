import { expect, test } from 'vitest';
import {
  describeShape,
  float32Tensor,
  float32Values,
} from '../../../src/formats/safetensors/tensor.ts';

test('float32 values keep their bits wherever in a buffer they begin', () => {
  const words = [0x00000000, 0x80000000, 0x00000001, 0x7f7fffff, 0x3eaaaaab, 0xc2280000];
  for (let start = 0; start < 4; start++) {
    const buffer = new ArrayBuffer(4 * words.length + 4);
    const view = new DataView(buffer);
    words.forEach((word, i) => view.setUint32(start + 4 * i, word, true));
    const data = new Uint8Array(buffer, start, 4 * words.length);
    const values = float32Values(data);
    expect([...new Uint32Array(values.buffer)]).toEqual(words);
    expect([...float32Tensor([6], values).data]).toEqual([...data]);
  }
});

test('values are copied in both directions', () => {
  const values = Float32Array.of(1, 2);
  const tensor = float32Tensor([2], values);
  values[0] = 5;
  const read = float32Values(tensor.data);
  tensor.data.fill(0);
  expect([...read]).toEqual([1, 2]);
});

test('a shape in a message is cut after eight dimensions', () => {
  expect(describeShape([])).toBe('[]');
  expect(describeShape([16, 784])).toBe('[16, 784]');
  expect(describeShape(Array<number>(9).fill(1))).toBe('[1, 1, 1, 1, 1, 1, 1, 1, …]');
});
