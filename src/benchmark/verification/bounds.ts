/**
 * Bounds on the error of float32 results relative to float64, from the accuracy that WGSL guarantees for each operation
 * (WGSL specification, "Floating point accuracy": + − × correctly rounded, / 2.5 ULP, exp 3 + 2|x| ULP, log 2⁻²¹
 * absolute around 1).
 *
 * Every bound scales with the data. Gradients shrink a hundredfold during training, so with a fixed tolerance a kernel
 * that returns zeros would pass at the end.
 */
import { sigmoidError, steepestSigmoid, tiny, ulp, unit } from '../../network/activations.ts';
import type { Cost, Output } from '../../network/functions.ts';

export { tiny, unit };

/**
 * The error of a sum of `terms` products, in any order, with or without fused multiply-add. Many rounding errors behave
 * like a random walk, so it grows with √K; Higham's worst case is K.
 * @param magnitude Σ|a||b|
 */
export function sumBound(terms: number, magnitude: number): number {
  return (2 * Math.sqrt(terms) + 4) * unit * magnitude + tiny;
}

export interface OutputBounds {
  readonly a: number[];
  readonly delta: number[];
  readonly cost: number;
}

/**
 * The errors of outputs, deltas and cost of one sample, from the errors of its pre-activations.
 * @param a the true outputs
 */
export function outputBounds(
  output: Output,
  cost: Cost,
  z: readonly number[],
  a: readonly number[],
  label: number,
  zError: readonly number[],
): OutputBounds {
  const count = z.length;
  const largest = Math.max(...z);
  const largestError = Math.max(...zError);
  const y = (j: number) => (j === label ? 1 : 0);
  const aBound = a.map((value, j) => {
    switch (output) {
      case 'linear':
        return zError[j]!;
      case 'sigmoid':
        return zError[j]! * steepestSigmoid(z[j]!, zError[j]!) + sigmoidError(z[j]!);
      case 'softmax':
        // e^(z − max) with its rounded argument, and the sum in the divisor
        return (
          value *
            (2 * largestError + ulp * (2.5 * Math.abs(z[j]! - largest) + 12 + Math.sqrt(count))) +
          tiny
        );
    }
  });
  const g = a.map((value, j) => 2 * (value - y(j)));
  const gBound = aBound.map((bound, j) => 2 * bound + ulp * Math.abs(g[j]!));

  if (cost === 'cross-entropy') {
    const delta = aBound.map((bound, j) => bound + unit * Math.abs(a[j]! - y(j)));
    const costBound =
      output === 'softmax'
        ? 2 * largestError + 2 ** -20 * Math.max(1, largest - z[label]!)
        : z.reduce(
            (sum, value, j) => sum + zError[j]! + 2 ** -20 * Math.max(1, Math.abs(value)),
            0,
          );
    return { a: aBound, delta, cost: costBound };
  }
  const squares = g.map((value) => (value / 2) ** 2);
  const costBound =
    sumBound(
      count,
      squares.reduce((sum, value) => sum + value, 0),
    ) + g.reduce((sum, value, j) => sum + Math.abs(value) * aBound[j]!, 0);
  return {
    a: aBound,
    delta: squaredErrorDeltaBound(output, a, g, aBound, gBound),
    cost: costBound,
  };
}

function squaredErrorDeltaBound(
  output: Output,
  a: readonly number[],
  g: readonly number[],
  aBound: readonly number[],
  gBound: readonly number[],
): number[] {
  switch (output) {
    case 'linear':
      return [...gBound];
    case 'sigmoid':
      return g.map(
        (value, j) =>
          gBound[j]! * a[j]! * (1 - a[j]!) +
          Math.abs(value) * (aBound[j]! + 4 * unit * a[j]!) +
          tiny,
      );
    case 'softmax': {
      const products = g.map((value, k) => value * a[k]!);
      const mean = products.reduce((sum, value) => sum + value, 0);
      const meanBound = products.reduce(
        (sum, product, k) =>
          sum + gBound[k]! * a[k]! + Math.abs(g[k]!) * aBound[k]! + 4 * unit * Math.abs(product),
        sumBound(
          a.length,
          products.reduce((sum, value) => sum + Math.abs(value), 0),
        ),
      );
      return g.map(
        (value, j) =>
          aBound[j]! * Math.abs(value - mean) +
          a[j]! * (gBound[j]! + meanBound + 3 * unit * (Math.abs(value) + Math.abs(mean))) +
          tiny,
      );
    }
  }
}
