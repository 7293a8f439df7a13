/**
 * How far a float32 result may be from the float64 truth, from what WGSL promises of each operation
 * (WGSL specification, "Floating point accuracy": + − × correctly rounded, / 2.5 ULP, exp 3 + 2|x| ULP, log 2⁻²¹
 * absolute around 1).
 *
 * Every bound is scaled by the data. A fixed tolerance that is right at the start of training is blind at its end,
 * when gradients are a hundred times smaller: a kernel that returns zeros would pass.
 */
import type { Activation, Cost, Output } from '../../network/functions.ts';
import { sigmoid, slope } from '../../reference/functions.ts';

/** Half the distance of 1 to the next float32: the relative error of one rounding. */
export const unit = 2 ** -24;
/** A relative error of one ULP is at most this. */
const ulp = 2 * unit;
/** Results this small may be flushed to 0. */
export const tiny = 2 ** -126;

/**
 * A sum of `terms` products, in any order and with or without fused multiply-add. Errors of many roundings
 * behave like a random walk, hence √K; Higham's worst case is K.
 * @param magnitude Σ|a||b|
 */
export function sumBound(terms: number, magnitude: number): number {
  return (2 * Math.sqrt(terms) + 4) * unit * magnitude + tiny;
}

/** a = f(z) from a z that is itself off by `zError`: what f makes of that, and f's own error. */
export function activationBound(activation: Activation, z: number, zError: number): number {
  switch (activation) {
    case 'sigmoid':
      return zError * steepestSigmoid(z, zError) + sigmoidError(z);
    case 'tanh': {
      // Near 0 the kernel takes the Taylor series, whose error shrinks with z.
      const own =
        Math.abs(z) + zError < 0.25
          ? 4 * Math.abs(z)
          : 2 * Math.exp(-2 * Math.abs(z)) * (3 + 4 * Math.abs(z)) + 4;
      return zError + ulp * own;
    }
    case 'gelu': {
      const gate = geluGateArgument(z);
      return 1.13 * zError + ulp * Math.abs(z) * sigmoid(gate) * (10 + 7 * Math.abs(gate)) + tiny;
    }
    case 'relu':
    case 'leaky-relu':
    case 'linear':
      return zError + ulp * Math.abs(z);
  }
}

/** exp is off by 3 + 2|z| ULP, the sum by ½, the quotient by 2½. */
function sigmoidError(z: number): number {
  return ulp * (6 + 2 * Math.abs(z)) * sigmoid(z) + tiny;
}

/** The largest slope of the sigmoid within `zError` of z: far from 0 it hardly passes errors on. */
function steepestSigmoid(z: number, zError: number): number {
  // On the side where a is small: on the other, beyond 37, 1 − a is 0 in float64 and so would the slope be.
  const a = sigmoid(-Math.max(0, Math.abs(z) - zError));
  return a * (1 - a);
}

function geluGateArgument(z: number): number {
  return 2 * Math.sqrt(2 / Math.PI) * z * (1 + 0.044715 * z * z);
}

/** f′ from a `source` (a or z, see `slopeSource`) that is itself off by `sourceError`. */
export function slopeBound(activation: Activation, source: number, sourceError: number): number {
  switch (activation) {
    // Both take 1 − a, which is exact where a is near 1.
    case 'sigmoid':
      return sourceError + 2 * ulp * Math.abs(slope(activation, source)) + tiny;
    case 'tanh':
      return 2 * sourceError + 2 * ulp * Math.abs(slope(activation, source)) + tiny;
    case 'gelu': {
      // Two terms that cancel out where the slope is 0; e^−|u| is off by 3 + 2|u| ULP, and u, by as many roundings, by 3.
      const u = geluGateArgument(source);
      const steepness = 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * source * source);
      const terms = sigmoid(u) + Math.abs(source) * sigmoid(u) * sigmoid(-u) * steepness;
      return 1.2 * sourceError + ulp * (12 + 5 * Math.abs(u)) * terms + tiny * (1 + steepness);
    }
    case 'relu':
    case 'leaky-relu':
      // At the kink the slope may come out as that of the other side.
      return Math.abs(source) <= sourceError && sourceError > 0 ? 1 : unit;
    case 'linear':
      return 0;
  }
}

export interface OutputBounds {
  /** Of each output. */
  readonly a: number[];
  readonly delta: number[];
  readonly cost: number;
}

/**
 * Outputs, cost and delta of one sample from pre-activations that are themselves off by `zError`.
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
        // e^(z − max), whose argument is rounded too, and the sum it is divided by
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
