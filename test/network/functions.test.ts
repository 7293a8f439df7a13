import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import {
  activations,
  costs,
  outputs,
  requireCompatible,
  requireOneOf,
} from '../../src/network/functions.ts';

describe('requireCompatible', () => {
  it('refuses cross-entropy of linear outputs, and says what to use', () => {
    expect(() => {
      requireCompatible('linear', 'cross-entropy');
    }).toThrow(
      new ConfigurationError(
        "Cost 'cross-entropy' needs outputs between 0 and 1, but output 'linear' is unbounded. " +
          "Use output 'softmax' (or 'sigmoid'), or cost 'squared-error'.",
      ),
    );
  });

  it('accepts every other output and cost', () => {
    for (const output of outputs) {
      for (const cost of costs) {
        if (output === 'linear' && cost === 'cross-entropy') continue;
        expect(() => {
          requireCompatible(output, cost);
        }).not.toThrow();
      }
    }
  });
});

describe('requireOneOf', () => {
  it('returns a name that is known', () => {
    expect(requireOneOf('activation', 'relu', activations)).toBe('relu');
  });

  it.each(['ReLU', '', 'constructor', '__proto__'])("refuses '%s' and lists the names", (name) => {
    expect(() => requireOneOf('activation', name, activations)).toThrow(
      new ConfigurationError(
        `Unknown activation '${name}'. Use one of: sigmoid, tanh, relu, leaky-relu, gelu, linear.`,
      ),
    );
  });
});
