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
  it('comes from the preset unless it is named', () => {
    expect(configure({})).toEqual({ optimizer: 'momentum', learningRate: 0.05, momentum: 0.9 });
    expect(configure({ momentum: 0 })).toMatchObject({ optimizer: 'sgd', momentum: 0 });
  });

  it('has the same momentum with Nesterov', () => {
    expect(configure({ optimizer: 'nesterov' })).toMatchObject({ momentum: 0.9 });
    expect(configure({ optimizer: 'nesterov', momentum: 0.5 })).toMatchObject({ momentum: 0.5 });
  });

  it.each(['adam', 'adamw'] as const)('%s has its own learning rate', (optimizer) => {
    expect(configure({ optimizer })).toEqual({ optimizer, learningRate: 0.001, momentum: 0 });
    expect(configure({ optimizer, learningRate: 0.01 }).learningRate).toBe(0.01);
  });

  it('includes weight decay, the clipping norm and the schedule', () => {
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
    [{ optimizer: 'adam', momentum: 0.9 }, "--momentum 0.9 has no effect with optimizer 'adam'"],
    [{ decay: 0.5 }, '--decay needs --schedule step or exponential; got no --schedule.'],
    [
      { decayEvery: 5, schedule: 'cosine' },
      '--decay-every needs --schedule step or exponential; got cosine.',
    ],
  ] as const)('%j, with the missing option', (options, sentence) => {
    expect(() => configure(options)).toThrow(UsageError);
    expect(() => configure(options)).toThrow(sentence);
  });

  it.each([
    [{ weightDecay: -1 }, 'weightDecay must be'],
    [{ clipNorm: 0 }, 'clipNorm must be a positive finite float32 number; got 0.'],
    [{ optimizer: 'nesterov', momentum: 0 }, 'nesterov requires a momentum greater than 0; got 0.'],
    [
      { optimizer: 'adam', learningRate: -1 },
      'learningRate must be a positive finite float32 number; got -1.',
    ],
    [{ schedule: 'step', decay: 3 }, 'factor must be a number in (0, 1]; got 3.'],
  ] as const)('%j, before data are read', (options, sentence) => {
    expect(() => configure(options)).toThrow(ConfigurationError);
    expect(() => configure(options)).toThrow(sentence);
  });
});
