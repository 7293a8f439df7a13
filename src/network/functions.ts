/** The names of output functions and costs, and their valid combinations. */
import { ConfigurationError } from '../errors.ts';
import { show } from './arguments.ts';

export { activations, type Activation } from './activations.ts';

/** Activation functions of the last layer. */
export const outputs = ['sigmoid', 'linear', 'softmax'] as const;
/** `squared-error` is the sum over the outputs of (a − y)², without ½. Both costs are averaged over samples. */
export const costs = ['squared-error', 'cross-entropy'] as const;

/** @useDeclaredType */
export type Output = (typeof outputs)[number];
/** @useDeclaredType */
export type Cost = (typeof costs)[number];

/** @throws {ConfigurationError} for cross-entropy with linear outputs, because they are not probabilities */
export function requireCompatible(output: Output, cost: Cost): void {
  if (output === 'linear' && cost === 'cross-entropy') {
    throw new ConfigurationError(
      "Cost 'cross-entropy' needs outputs between 0 and 1, but output 'linear' is unbounded. " +
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
      `Unknown ${what} ${show(value)}. Use one of: ${allowed.join(', ')}.`,
    );
  }
  return found;
}
