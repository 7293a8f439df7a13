import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import {
  batchExtent,
  requireBatchSize,
  requireEpoch,
  requireFits,
  requireStepsLeft,
  stepsPerEpoch,
} from '../../src/engine/batches.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

describe('batchExtent', () => {
  it.each([
    [1, 1],
    [10, 5],
    [10, 4],
    [3, 100],
    [60_000, 100],
  ])('cuts %i samples into mini-batches of %i without gap or overlap', (sampleCount, batchSize) => {
    const steps = stepsPerEpoch(sampleCount, batchSize);
    let next = 0;
    for (let step = 0; step < steps; step++) {
      const { start, size } = batchExtent(step, sampleCount, batchSize);
      expect(start).toBe(next);
      if (step < steps - 1) expect(size).toBe(batchSize);
      else expect(size >= 1 && size <= batchSize).toBe(true);
      next = start + size;
    }
    expect(next).toBe(sampleCount);
  });
});

describe('requireBatchSize', () => {
  it.each([0, -1, 1.5, NaN, Infinity])('refuses %d', (batchSize) => {
    expect(() => requireBatchSize(batchSize)).toThrow(
      new ConfigurationError(`batchSize must be a positive integer; got ${batchSize}. Try 100.`),
    );
  });
});

describe('requireFits', () => {
  const dataset = randomDataset(testRandom(1), 3, 9, 4);

  it('accepts as many classes as outputs, or fewer', () => {
    for (const layers of [
      [9, 4],
      [9, 5, 7],
    ]) {
      expect(() => {
        requireFits({ layers }, dataset);
      }).not.toThrow();
    }
  });

  it('refuses another number of features, with both numbers', () => {
    expect(() => {
      requireFits({ layers: [8, 4] }, dataset);
    }).toThrow(
      new ConfigurationError(
        "Dataset 'random' has 9 features per sample, but the network 8-4 takes 8. " +
          'Use a network whose first layer size is 9.',
      ),
    );
  });

  it('refuses more classes than outputs, with both numbers', () => {
    expect(() => {
      requireFits({ layers: [9, 5, 3] }, dataset);
    }).toThrow(
      new ConfigurationError(
        "Dataset 'random' has 4 classes, but the network 9-5-3 has 3 outputs. " +
          'Use a network whose last layer size is at least 4.',
      ),
    );
  });
});

describe('requireEpoch', () => {
  const order = Uint32Array.of(2, 0, 1);

  it('accepts every first step from 0 to the end of the epoch', () => {
    for (const stepOfEpoch of [0, 1, 2]) {
      expect(() => {
        requireEpoch(order, { step: 2, epoch: 0, stepOfEpoch }, 3, 2);
      }).not.toThrow();
    }
  });

  it.each([
    [
      Uint32Array.of(0, 1),
      0,
      'The order of an epoch has 2 samples, but the training set has 3. Give an order that visits each sample once.',
    ],
    [
      Uint32Array.of(0, 3, 1),
      0,
      'Position 1 of the order is sample 3, but the training set has samples 0 to 2. Give an order that visits each sample once.',
    ],
    [
      order,
      3,
      'stepOfEpoch must be an integer from 0 to 2 (3 samples in mini-batches of 2); got 3.',
    ],
    [
      order,
      -1,
      'stepOfEpoch must be an integer from 0 to 2 (3 samples in mini-batches of 2); got -1.',
    ],
  ])('refuses order %j from step %i', (wrongOrder, firstStep, message) => {
    expect(() => {
      requireEpoch(wrongOrder, { step: 5, epoch: 0, stepOfEpoch: firstStep }, 3, 2);
    }).toThrow(new ConfigurationError(message));
  });

  it.each([0, 1.5, NaN])('refuses %d steps over all epochs where the epoch has 1', (step) => {
    expect(() => {
      requireEpoch(order, { step, epoch: 0, stepOfEpoch: 1 }, 3, 2);
    }).toThrow(
      new ConfigurationError(
        `step must be an integer of at least stepOfEpoch (1); got ${step}. ` +
          'It counts the steps of all epochs, including this one.',
      ),
    );
  });
});

describe('requireStepsLeft', () => {
  it('refuses more steps than are left, with both numbers', () => {
    expect(() => {
      requireStepsLeft(3, 2);
    }).toThrow(
      new ConfigurationError(
        'Cannot run 3 steps: the epoch has 2 left. Run those, then begin the next epoch.',
      ),
    );
  });

  it.each([-1, 0.5, NaN])('refuses %d steps', (steps) => {
    expect(() => {
      requireStepsLeft(steps, 2);
    }).toThrow(
      new ConfigurationError(
        `The number of steps to run must be a non-negative integer; got ${steps}.`,
      ),
    );
  });
});
