/**
 * Activation functions, their slopes and the costs, in float64: the formulas every kernel is held to.
 */
import { leakySlope, type Activation, type Cost, type Output } from '../network/functions.ts';

const geluScale = Math.sqrt(2 / Math.PI);
const geluCubic = 0.044715;

export function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/**
 * GELU's gate ½(1 + tanh(u/2)) = σ(u) with u = 2·√(2/π)·(z + 0.044715 z³), what is left of it to 1, and u′. As
 * logistic functions both keep their digits in the tails, where 1 + tanh and 1 − tanh² lose them all.
 */
function geluGate(z: number): {
  readonly gate: number;
  readonly rest: number;
  readonly steepness: number;
} {
  // Beyond 100 the gate is shut, or open, and z³ would overflow.
  const x = Math.min(100, Math.max(-100, z));
  const u = 2 * geluScale * x * (1 + geluCubic * x * x);
  const steepness = 2 * geluScale * (1 + 3 * geluCubic * x * x);
  return { gate: sigmoid(u), rest: sigmoid(-u), steepness };
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
      return z * geluGate(z).gate;
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
      return (1 - source) * (1 + source);
    case 'relu':
      return source > 0 ? 1 : 0;
    case 'leaky-relu':
      return source > 0 ? 1 : leakySlope;
    case 'gelu': {
      const { gate, rest, steepness } = geluGate(source);
      return gate + source * gate * rest * steepness;
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
