/** Against counts made by hand, weight matrix by weight matrix. */
import { describe, expect, it } from 'vitest';

import { stepBytes, stepFlop } from '../../src/network/stepWork.ts';

describe('the arithmetic of a step', () => {
  it('is two FLOP a weight and sample for forward, gradient and, behind the first layer, delta', () => {
    // 2→3→1, 5 samples: 6 + 3 weights forward, the same for the gradient, 3 for the delta.
    expect(stepFlop([2, 3, 1], 5)).toBe(2 * 5 * (9 + 9 + 3));
    expect(stepFlop([2, 3], 1)).toBe(2 * (6 + 6));
  });

  it.each([
    [[784, 16, 16, 10], 100, 5.267e6],
    [[784, 32, 10], 100, 10.23e6],
    [[784, 128, 10], 100, 40.91e6],
    [[784, 1024, 1024, 10], 1024, 9.794e9],
  ])('of %j with mini-batches of %d is %d FLOP', (layers, batchSize, flop) => {
    expect(stepFlop(layers, batchSize) / flop).toBeCloseTo(1, 3);
  });
});

describe('the bytes of a step', () => {
  it('are samples twice, and parameters, optimizer state and activations in and out', () => {
    // 2→3→1, 5 samples: 10 bytes of samples twice; 9 weights and 4 biases; 5 × (3 + 1) activations.
    expect(stepBytes([2, 3, 1], 5)).toBe(20 + 8 * (13 + 20));
    expect(stepBytes([2, 3, 1], 5, 2)).toBe(20 + 8 * (3 * 13 + 20));
  });

  it.each([
    [[784, 16, 16, 10], 100, 0.294e6, 0.502e6],
    [[784, 32, 10], 100, 0.394e6, 0.801e6],
    [[784, 128, 10], 100, 1.08e6, 2.71e6],
    [[784, 1024, 1024, 10], 1024, 33.4e6, 63.2e6],
  ])('of %j with mini-batches of %d are %d with SGD, %d with Adam', (layers, batch, sgd, adam) => {
    expect(stepBytes(layers, batch) / sgd).toBeCloseTo(1, 2);
    expect(stepBytes(layers, batch, 2) / adam).toBeCloseTo(1, 2);
  });
});
