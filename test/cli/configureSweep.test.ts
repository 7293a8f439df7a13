import { describe, expect, it } from 'vitest';

import { configureSweep } from '../../src/cli/configureSweep.ts';
import { UsageError } from '../../src/cli/errors.ts';

describe('a sweep without options', () => {
  it('is the lecture network with 8 seeds and the learning rate of its preset, for one epoch', () => {
    expect(configureSweep({})).toEqual({
      network: {
        layers: [784, 16, 16, 10],
        activation: 'sigmoid',
        output: 'sigmoid',
        cost: 'squared-error',
        initializer: 'normal',
      },
      batchSize: 100,
      epochs: 1,
      shuffle: true,
      seeds: [1, 2, 3, 4, 5, 6, 7, 8],
      optimizers: [{ optimizer: 'sgd', learningRate: 6, momentum: 0 }],
    });
  });
});

it('each learning rate has the optimizer and momentum that are asked for', () => {
  const { seeds, optimizers, epochs } = configureSweep({
    preset: 'modern',
    seed: 40,
    seeds: 2,
    epochs: 3,
    learningRates: [0.1, 0.01],
  });
  expect([seeds, epochs]).toEqual([[40, 41], 3]);
  expect(optimizers).toEqual([
    { optimizer: 'momentum', learningRate: 0.1, momentum: 0.9 },
    { optimizer: 'momentum', learningRate: 0.01, momentum: 0.9 },
  ]);
});

it.each([
  [{ seeds: 1_000_000_000 }, 'got 1000000000 (1000000000 seeds × 1 learning rates)'],
  [{ seeds: 30_000, learningRates: [1, 2, 3] }, 'A sweep trains at most 65535 networks; got 90000'],
])('more networks than any device runs at once are refused: %j', (options, message) => {
  expect(() => configureSweep(options)).toThrow(UsageError);
  expect(() => configureSweep(options)).toThrow(message);
});

it('the largest seed can be used', () => {
  const last = 2 ** 32 - 1;
  expect(configureSweep({ seed: last, seeds: 1 }).seeds).toEqual([last]);
});
