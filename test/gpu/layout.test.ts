import { describe, expect, it } from 'vitest';

import {
  matrixBytes,
  packLayer,
  packMoments,
  packRows,
  packSamples,
  packWeights,
  parameterRanges,
  unpackLayer,
  unpackMoments,
  unpackRows,
  unpackWeights,
} from '../../src/gpu/layout.ts';

describe('the layout of buffers', () => {
  it('pads rows with zeros to whole vec4s', () => {
    expect([...packRows([1, 2, 3, 4, 5, 6], 2, 3)]).toEqual([1, 2, 3, 0, 4, 5, 6, 0]);
    expect(matrixBytes(2, 3)).toBe(2 * 4 * 4);
    expect(matrixBytes(1, 8)).toBe(8 * 4);
  });

  it('turns weights [out, in] into [in, out], padded both ways', () => {
    // two outputs of three inputs each
    const packed = packWeights([1, 2, 3, 4, 5, 6], 3, 2);
    // prettier-ignore
    expect([...packed]).toEqual([
      1, 4, 0, 0,
      2, 5, 0, 0,
      3, 6, 0, 0,
      0, 0, 0, 0,
    ]);
  });

  it.each([1, 2, 3, 4, 5, 8, 9])('gives back what was packed, at %i features', (size) => {
    const values = Float32Array.from({ length: size * 6 }, (_, i) => i + 1);
    expect(unpackRows(packRows(values, 6, size), 6, size)).toEqual(values);
    expect(unpackWeights(packWeights(values, size, 6), size, 6)).toEqual(values);
    expect(unpackWeights(packWeights(values, 6, size), 6, size)).toEqual(values);
  });

  it('puts the biases behind the weights, as the last row of a layer', () => {
    const packed = packLayer([1, 2, 3, 4, 5, 6], [7, 8], 3, 2);
    // prettier-ignore
    expect([...packed]).toEqual([
      1, 4, 0, 0,
      2, 5, 0, 0,
      3, 6, 0, 0,
      0, 0, 0, 0,
      7, 8, 0, 0,
    ]);
    const { weights, biases } = unpackLayer(packed, 3, 2);
    expect([...weights]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...biases]).toEqual([7, 8]);
  });

  it('begins every layer where WebGPU lets a binding begin, behind the layer before', () => {
    // (4·vec4s(inputs) + 1)·vec4s(outputs) vec4s, from multiples of 16 on
    expect(parameterRanges({ layers: [784, 16, 3, 10] })).toEqual([
      { offset: 0, length: 785 * 4 },
      { offset: 3152, length: 17 },
      { offset: 3184, length: 15 },
    ]);
  });

  it('keeps the moments of a vec4 side by side', () => {
    const m = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const v = m.map((value) => 10 * value);
    const packed = packMoments([m, v]);
    expect([...packed]).toEqual([1, 2, 3, 4, 10, 20, 30, 40, 5, 6, 7, 8, 50, 60, 70, 80]);
    expect(unpackMoments(packed, 2)).toEqual([m, v]);
    expect(packMoments([m])).toEqual(m);
  });

  it('pads samples to whole words', () => {
    const into = new Uint8Array(8);
    packSamples(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, 3, into);
    expect([...into]).toEqual([1, 2, 3, 0, 4, 5, 6, 0]);
    packSamples(Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1), 2, 4, into);
    expect([...into]).toEqual([9, 8, 7, 6, 5, 4, 3, 2]);
  });
});
