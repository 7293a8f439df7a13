/** The matrices that are multiplied, the same wherever they are made, and float64's word on a product. */
import { Random } from '../../src/network/random.ts';

/** Normal random numbers, [size, size] row-major. */
export function randomMatrix(size: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed, 0);
  return Float32Array.from({ length: size * size }, () => random.normal());
}

/**
 * A Householder reflection, I − 2·v·vᵀ/|v|² of a random v: a full matrix whose product with another keeps the size of
 * its numbers, however often it is taken.
 */
export function householder(size: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed, 0);
  const v = Array.from({ length: size }, () => random.normal());
  const norm = v.reduce((sum, value) => sum + value * value, 0);
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      matrix[i * size + j] = (i === j ? 1 : 0) - (2 * v[i]! * v[j]!) / norm;
    }
  }
  return matrix;
}

/**
 * How far a product is from A·B in float64 at every element of some rows and columns, over the bound
 * (2√K + 4)·2⁻²⁴·Σ|a||b| that nudge's own kernels are held to; up to 1 is right.
 */
export function productError(
  size: number,
  a: Float32Array,
  b: Float32Array,
  product: Float32Array,
): number {
  if (product.length !== size * size) return Infinity;
  // Spread over the matrix, with its first and its last row and column.
  const lines = Array.from({ length: 9 }, (_, n) => Math.round((n * (size - 1)) / 8));
  const bound = (2 * Math.sqrt(size) + 4) * 2 ** -24;
  let worst = 0;
  const check = (row: number, column: number) => {
    let sum = 0;
    let magnitude = 0;
    for (let k = 0; k < size; k++) {
      const term = a[row * size + k]! * b[k * size + column]!;
      sum += term;
      magnitude += Math.abs(term);
    }
    const error = Math.abs(product[row * size + column]! - sum) / (bound * magnitude);
    // A NaN would be lost by a comparison.
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
  };
  for (const line of lines) {
    for (let other = 0; other < size; other++) {
      check(line, other);
      check(other, line);
    }
  }
  return worst;
}
