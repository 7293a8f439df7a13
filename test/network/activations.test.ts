import { describe, expect, it } from 'vitest';
import { activationFunctions, activations } from '../../src/network/activations.ts';

describe('f', () => {
  // The definitions, evaluated with Python's math library.
  it.each([
    ['sigmoid', 0, 0.5],
    ['sigmoid', 1, 0.7310585786300049],
    ['sigmoid', -1, 0.2689414213699951],
    ['tanh', 0.5, 0.46211715726000974],
    ['relu', 2.5, 2.5],
    ['relu', -2.5, 0],
    ['leaky-relu', 2, 2],
    ['leaky-relu', -2, -0.02],
    ['gelu', 0, 0],
    ['gelu', 1, 0.8411919906082768],
    ['gelu', -1, -0.15880800939172324],
    ['linear', -3.5, -3.5],
  ] as const)('%s of %d is %d', (activation, z, expected) => {
    expect(activationFunctions[activation].f(z)).toBeCloseTo(expected, 14);
  });

  it.each(activations)('%s is finite for pre-activations of any size', (activation) => {
    for (const z of [-1e4, -750, 750, 1e4]) {
      expect(Number.isFinite(activationFunctions[activation].f(z))).toBe(true);
    }
  });
});

describe('slope', () => {
  it.each(activations)('of %s is the derivative of f', (activation) => {
    const { f, slopeFrom, slope } = activationFunctions[activation];
    const h = 1e-6;
    for (const z of [-3, -1.5, -0.7, -0.01, 0.01, 0.7, 1.5, 3]) {
      const source = slopeFrom === 'z' ? z : f(z);
      const difference = (f(z + h) - f(z - h)) / (2 * h);
      expect(Math.abs(slope(source) - difference)).toBeLessThan(1e-9);
    }
  });

  it('is 0 for ReLU and 0.01 for leaky ReLU at the kink, as in PyTorch', () => {
    expect(activationFunctions.relu.slope(0)).toBe(0);
    expect(activationFunctions['leaky-relu'].slope(0)).toBe(0.01);
  });
});
