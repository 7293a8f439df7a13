/**
 * Activation functions, their slopes and the costs, in float64: the formulas every kernel is held to.
 */
import { leakySlope, type Activation, type Cost, type Output } from '../network/functions.ts';

const geluScale = Math.sqrt(2 / Math.PI);
const geluCubic = 0.044715;

export function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** a = f(z). */
export function activate(activation: Activation, z: number): number {
  switch (activation) {
    case 'sigmoid':
      return sigmoid(z);
    case 'tanh':
      return Math.tanh(z);
    case 'relu':
      return Math.max(0, z);
    case 'leaky-relu':
      return z > 0 ? z : leakySlope * z;
    case 'gelu':
      return 0.5 * z * (1 + Math.tanh(geluScale * (z + geluCubic * z ** 3)));
    case 'linear':
      return z;
  }
}

/**
 * f′(z), from z or from a = f(z), whichever `slopeSource(activation)` names: σ′ = a(1 − a), tanh′ = 1 − a².
 * At its kink, z = 0, ReLU's slope is taken as 0, as PyTorch does.
 */
export function slope(activation: Activation, source: number): number {
  switch (activation) {
    case 'sigmoid':
      return source * (1 - source);
    case 'tanh':
      return 1 - source * source;
    case 'relu':
      return source > 0 ? 1 : 0;
    case 'leaky-relu':
      return source > 0 ? 1 : leakySlope;
    case 'gelu': {
      const z = source;
      const t = Math.tanh(geluScale * (z + geluCubic * z ** 3));
      return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * geluScale * (1 + 3 * geluCubic * z * z);
    }
    case 'linear':
      return 1;
  }
}

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
