import { describe, expect, it } from 'vitest';

import { configureOptimizer, type OptimizerArguments } from '../../src/cli/configureOptimizer.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';

const network = new Network({ ...presets.modern.network, layers: [4, 3, 2] });
const configure = (options: OptimizerArguments) =>
  configureOptimizer(options, network, presets.modern);

describe('an optimizer', () => {
  it('is the preset’s unless it is named', () => {
    expect(configure({})).toEqual({ optimizer: 'momentum', learningRate: 0.05, momentum: 0.9 });
    expect(configure({ momentum: 0 })).toMatchObject({ optimizer: 'sgd', momentum: 0 });
  });

  it('of Nesterov has the same momentum as one without', () => {
    expect(configure({ optimizer: 'nesterov' })).toMatchObject({ momentum: 0.9 });
    expect(configure({ optimizer: 'nesterov', momentum: 0.5 })).toMatchObject({ momentum: 0.5 });
  });

  it.each(['adam', 'adamw'] as const)('%s has a learning rate of its own', (optimizer) => {
    expect(configure({ optimizer })).toEqual({ optimizer, learningRate: 0.001, momentum: 0 });
    expect(configure({ optimizer, learningRate: 0.01 }).learningRate).toBe(0.01);
  });

  it('takes weight decay, a norm to clip to and a schedule along', () => {
    expect(
      configure({
        weightDecay: 1e-4,
        clipNorm: 1,
        schedule: 'step',
        decay: 0.1,
        decayEvery: 500,
        warmup: 100,
      }),
    ).toMatchObject({
      weightDecay: 1e-4,
      clipNorm: 1,
      schedule: { kind: 'step', decay: 0.1, decayEvery: 500, warmUpSteps: 100 },
    });
    expect(configure({ schedule: 'cosine' }).schedule).toEqual({ kind: 'cosine', warmUpSteps: 0 });
    expect(configure({ warmup: 9 }).schedule).toEqual({ kind: 'constant', warmUpSteps: 9 });
  });
});

describe('refused', () => {
  it.each([
    [{ optimizer: 'adam', momentum: 0.9 }, "'adam' has no momentum, and --momentum 0.9 was given"],
    [
      { decay: 0.5 },
      '--decay 0.5 says how a learning rate decays by --schedule step or exponential',
    ],
    [
      { decayEvery: 5, schedule: 'cosine' },
      'and --schedule is cosine. Give one of these, or leave',
    ],
  ] as const)('%j, with the option that would go with it', (options, sentence) => {
    expect(() => configure(options)).toThrow(UsageError);
    expect(() => configure(options)).toThrow(sentence);
  });

  it.each([
    [{ weightDecay: -1 }, 'at least 0, and -1 was given'],
    [{ clipNorm: 0 }, 'greater than 0, and 0 was given'],
    [{ optimizer: 'nesterov', momentum: 0 }, 'and the momentum is 0'],
    [{ optimizer: 'adam', learningRate: -1 }, 'greater than 0, and -1 was given'],
    [{ schedule: 'step', decay: 3 }, 'at most 1, and 3 was given'],
  ] as const)('%j, before any data are read', (options, sentence) => {
    expect(() => configure(options)).toThrow(ConfigurationError);
    expect(() => configure(options)).toThrow(sentence);
  });
});
