import { expect, it } from 'vitest';
import { weightGradient } from '../../src/reference/weightGradient.ts';

it('averages delta·a over the mini-batch, and delta for the biases', () => {
  const { dW, db } = weightGradient({
    batchSize: 2,
    inputs: 3,
    outputs: 2,
    a: [1, 2, 3, 4, 5, 6],
    delta: [1, -2, 3, 4],
  });
  // Neuron 0: (1·[1 2 3] + 3·[4 5 6])/2; neuron 1: (−2·[1 2 3] + 4·[4 5 6])/2
  expect([...dW]).toEqual([6.5, 8.5, 10.5, 7, 8, 9]);
  expect([...db]).toEqual([2, 1]);
});
