import { describe, expect, it } from 'vitest';

import { configureSweep, parseLearningRates } from '../../src/cli/configureSweep.ts';
import { UsageError } from '../../src/cli/errors.ts';

describe('a sweep that nothing is said of', () => {
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
  [{ seeds: 1_000_000_000 }, '1000000000 seeds with 1 learning rates are 1000000000 networks'],
  [{ seeds: 30_000, learningRates: [1, 2, 3] }, 'are 90000 networks, and a sweep trains 65535'],
])('more networks than any device runs at once are refused at once: %j', (options, message) => {
  expect(() => configureSweep(options)).toThrow(UsageError);
  expect(() => configureSweep(options)).toThrow(message);
});

it('the last seed there is can be used', () => {
  const last = 2 ** 32 - 1;
  expect(configureSweep({ seed: last, seeds: 1 }).seeds).toEqual([last]);
});

it('learning rates are separated by commas, spaces or both', () => {
  expect(parseLearningRates('1,3 6, 1e-3')).toEqual([1, 3, 6, 0.001]);
});
