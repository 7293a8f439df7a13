import { expect, it } from 'vitest';

import {
  createOptimizer,
  type OptimizerConfiguration,
} from '../../src/benchmark/optimizerConfiguration.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { adam, adamW, sgd } from '../../src/engine/optimizers.ts';
import { learningRateAt } from '../../src/engine/schedules.ts';

const length = { stepsPerEpoch: 10, steps: 50 };
const base = { learningRate: 0.5, momentum: 0 };
const make = (configuration: Partial<OptimizerConfiguration>) =>
  createOptimizer({ ...base, ...configuration }, length);

it.each([
  [{}, sgd({ learningRate: 0.5 })],
  [{ momentum: 0.9 }, sgd({ learningRate: 0.5, momentum: 0.9 })],
  [
    { optimizer: 'momentum', momentum: 0.9, weightDecay: 0.1 },
    sgd({ learningRate: 0.5, momentum: 0.9, weightDecay: 0.1 }),
  ],
  [
    { optimizer: 'nesterov', momentum: 0.9 },
    sgd({ learningRate: 0.5, momentum: 0.9, nesterov: true }),
  ],
  [{ optimizer: 'adam' }, adam({ learningRate: 0.5 })],
  [{ optimizer: 'adamw' }, adamW({ learningRate: 0.5 })],
  [{ optimizer: 'adamw', weightDecay: 0 }, adamW({ learningRate: 0.5, weightDecay: 0 })],
] as const)('%j creates the optimizer', (configuration, optimizer) => {
  expect(make(configuration)).toEqual(optimizer);
});

it('a decay defaults to half every epoch, and a cosine lasts the whole run', () => {
  const rate = (schedule: OptimizerConfiguration['schedule'], step: number) =>
    learningRateAt(make({ schedule }).learningRate, step);
  expect(rate({ kind: 'step', warmUpSteps: 0 }, 9)).toBe(0.5);
  expect(rate({ kind: 'step', warmUpSteps: 0 }, 10)).toBe(0.25);
  expect(rate({ kind: 'exponential', warmUpSteps: 5, decayEvery: 2, decay: 0.1 }, 7)).toBeCloseTo(
    0.05,
  );
  expect(rate({ kind: 'cosine', warmUpSteps: 0 }, 25)).toBeCloseTo(0.25);
  expect(rate({ kind: 'cosine', warmUpSteps: 0 }, 50)).toBe(0);
  expect(rate({ kind: 'constant', warmUpSteps: 5 }, 0)).toBe(0.1);
  expect(() => make({ schedule: { kind: 'cosine', warmUpSteps: 50 } })).toThrow(ConfigurationError);
});
