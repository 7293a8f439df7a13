import { describe, expect, it } from 'vitest';

import {
  matrixBytes,
  packRows,
  packSamples,
  packWeights,
  unpackRows,
  unpackWeights,
} from '../../src/gpu/layout.ts';

describe('the layout of buffers', () => {
  it('pads rows with zeros to whole quads', () => {
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

  it('pads samples to whole words', () => {
    const into = new Uint8Array(8);
    packSamples(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, 3, into);
    expect([...into]).toEqual([1, 2, 3, 0, 4, 5, 6, 0]);
    packSamples(Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1), 2, 4, into);
    expect([...into]).toEqual([9, 8, 7, 6, 5, 4, 3, 2]);
  });
});
