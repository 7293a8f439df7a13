/**
 * The names of the functions a network is made of, and which of them go together.
 * What they compute stands in `src/reference/` (float64) and in `shaders/` (WGSL).
 */
import { ConfigurationError } from '../errors.ts';
import { show } from './arguments.ts';

/** Activation functions of hidden layers. `gelu` is the tanh form, PyTorch's `approximate='tanh'`. */
export const activations = ['sigmoid', 'tanh', 'relu', 'leaky-relu', 'gelu', 'linear'] as const;
/** Activation functions of the last layer. */
export const outputs = ['sigmoid', 'linear', 'softmax'] as const;
/** `squared-error` is the sum over the outputs of (a − y)², without ½. Both are averaged over samples. */
export const costs = ['squared-error', 'cross-entropy'] as const;

export type Activation = (typeof activations)[number];
export type Output = (typeof outputs)[number];
export type Cost = (typeof costs)[number];

/** Slope of `leaky-relu` below zero, PyTorch's default. */
export const leakySlope = 0.01;

/**
 * Which stored value the slope f′(z) is computed from. Most activations know their slope from
 * a = f(z), so z need not be kept: σ′ = a(1 − a), tanh′ = 1 − a². GELU does not.
 */
export function slopeSource(activation: Activation): 'a' | 'z' {
  return activation === 'gelu' ? 'z' : 'a';
}

/**
 * Refuses an output and a cost that do not go together.
 * @throws {ConfigurationError} for cross-entropy of linear outputs, which are no probabilities.
 */
export function requireCompatible(output: Output, cost: Cost): void {
  if (output === 'linear' && cost === 'cross-entropy') {
    throw new ConfigurationError(
      "Cross-entropy needs outputs between 0 and 1, and output 'linear' gives any number. " +
        "Use output 'softmax' (or 'sigmoid'), or cost 'squared-error'.",
    );
  }
}

/** Returns `value` typed as a member of `allowed`, or throws a {@link ConfigurationError} that lists them. */
export function requireOneOf<T extends string>(
  what: string,
  value: string,
  allowed: readonly T[],
): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) {
    throw new ConfigurationError(
      `Unknown ${what} ${show(value)}. Known are ${allowed.join(', ')}.`,
    );
  }
  return found;
}
