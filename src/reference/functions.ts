/** Output functions and costs in float64. Every kernel is checked against these formulas. */
import { sigmoid } from '../network/activations.ts';
import type { Cost, Output } from '../network/functions.ts';

/** The network's outputs for one sample, from the pre-activations z of its last layer. */
export function outputActivations(output: Output, z: readonly number[]): number[] {
  switch (output) {
    case 'sigmoid':
      return z.map(sigmoid);
    case 'linear':
      return [...z];
    case 'softmax': {
      const largest = Math.max(...z);
      const exponentials = z.map((value) => Math.exp(value - largest));
      const sum = exponentials.reduce((total, value) => total + value, 0);
      return exponentials.map((value) => value / sum);
    }
  }
}

/** ln(1 + eˣ), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Cost of one sample whose label is `label`, from the pre-activations z of the last layer. */
export function sampleCost(
  output: Output,
  cost: Cost,
  z: readonly number[],
  label: number,
): number {
  if (cost === 'squared-error') {
    return outputActivations(output, z).reduce(
      (sum, a, j) => sum + (a - (j === label ? 1 : 0)) ** 2,
      0,
    );
  }
  if (output === 'sigmoid') {
    // −ln σ(z) = softplus(−z) and −ln(1 − σ(z)) = softplus(z)
    return z.reduce((sum, value, j) => sum + softplus(j === label ? -value : value), 0);
  }
  const largest = Math.max(...z);
  const sum = z.reduce((total, value) => total + Math.exp(value - largest), 0);
  return Math.log(sum) - (z[label]! - largest);
}
