import { describe, expect, it } from 'vitest';

import { householder, productError, randomMatrix } from '../../../bench/peers/matrices.ts';

/** The plain product, each sum in float64 and rounded once. */
function multiply(size: number, a: Float32Array, b: Float32Array): Float32Array {
  const product = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += a[i * size + k]! * b[k * size + j]!;
      product[i * size + j] = sum;
    }
  }
  return product;
}

describe('a reflection', () => {
  const size = 32;
  const reflection = householder(size, 3);

  it('undoes itself, so that numbers keep their size however often it is taken', () => {
    const twice = multiply(size, reflection, reflection);
    twice.forEach((value, index) => {
      expect(value).toBeCloseTo(index % (size + 1) === 0 ? 1 : 0, 6);
    });
  });

  it('is full', () => {
    expect(reflection.filter((value) => value === 0)).toHaveLength(0);
  });
});

describe('the error of a product', () => {
  const size = 40;
  const [a, b] = [randomMatrix(size, 1), randomMatrix(size, 2)];

  it('is well within the bound where it was rounded once', () => {
    expect(productError(size, a, b, multiply(size, a, b))).toBeLessThan(0.2);
  });

  it.each([
    ['the first element', 0],
    ['the last element', size * size - 1],
    ['one in the first row', 17],
    ['one in the last column', 18 * size - 1],
  ])('is beyond the bound when %s is off by a thousandth', (_, index) => {
    const product = multiply(size, a, b);
    product[index]! += 1e-3;
    expect(productError(size, a, b, product)).toBeGreaterThan(1);
  });

  it('is beyond the bound for the product of other matrices, of one that is no number, and of no product', () => {
    const wrong = [
      multiply(size, b, a),
      new Float32Array(size * size).fill(NaN),
      new Float32Array(),
    ];
    for (const product of wrong) expect(productError(size, a, b, product)).toBeGreaterThan(1);
  });
});
