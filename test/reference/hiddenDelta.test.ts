import { expect, it } from 'vitest';
import { hiddenDelta } from '../../src/reference/hiddenDelta.ts';

it('adds up what the next layer wishes of each neuron, and multiplies with its slope', () => {
  const delta = hiddenDelta({
    batchSize: 2,
    inputs: 3,
    outputs: 2,
    activation: 'sigmoid',
    delta: [1, -1, 2, 0],
    weights: [1, 2, 3, 10, 20, 30],
    source: [0.5, 0.25, 0, 0.5, 0.5, 1],
  });
  // Sums 1 − 10, 2 − 20, 3 − 30 and 2, 4, 6; slopes ¼, 3/16, 0 and ¼, ¼, 0.
  expect([...delta].map((value) => value + 0)).toEqual([-2.25, -3.375, 0, 0.5, 1, 0]);
});
