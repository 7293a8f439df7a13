import { expect, it } from 'vitest';
import { forward } from '../../src/reference/forward.ts';

it('multiplies weights [out, in] with every sample, adds the biases and applies the activation', () => {
  const { z, a } = forward({
    batchSize: 2,
    inputs: 3,
    outputs: 2,
    activation: 'relu',
    a: [1, 2, 3, 0, -1, 1],
    weights: [1, 0, -1, 2, 1, 0],
    biases: [10, -5],
  });
  // 10 + 1 − 3, −5 + 2 + 2; 10 − 1, −5 − 1
  expect([...z]).toEqual([8, -1, 9, -6]);
  expect([...a]).toEqual([8, 0, 9, 0]);
});
