import { describe, expect, it } from 'vitest';

import { configureTraining, describeLoaded, type TrainArguments } from '../../src/cli/configure.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { requireAddressable } from '../../src/cpu/allocation.ts';
import { ConfigurationError, OutOfMemoryError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { presets, type PresetName } from '../../src/network/presets.ts';
import { errorOf } from '../support/failure.ts';

/** What is configured, without the parameters. */
function configure(options: TrainArguments, loaded?: Network) {
  const { network, training } = configureTraining(options, loaded);
  const { layers, activation, output, cost, initializer, seed } = network;
  return { network: { layers, activation, output, cost, initializer, seed }, training };
}

describe('what is trained', () => {
  it('is the lecture preset for 5 epochs without options', () => {
    expect(configure({})).toEqual({
      network: { ...presets.lecture.network, seed: 1 },
      training: {
        batchSize: 100,
        optimizer: 'sgd',
        learningRate: presets.lecture.learningRate,
        momentum: 0,
        epochs: 5,
        seed: 1,
        shuffle: true,
        backend: 'auto',
      },
    });
  });

  it.each(Object.keys(presets) as PresetName[])('is the preset %s if it is named', (preset) => {
    const { network, batchSize, learningRate, momentum } = presets[preset];
    const configured = configure({ preset });
    expect(configured.network).toEqual({ ...network, seed: 1 });
    expect(configured.training).toMatchObject({ batchSize, learningRate, momentum });
  });

  it('follows the options where they differ from the preset', () => {
    const configured = configure({
      preset: 'modern',
      layers: [784, 64, 10],
      activation: 'tanh',
      output: 'sigmoid',
      cost: 'squared-error',
      init: 'xavier',
      batchSize: 32,
      learningRate: 0.5,
      optimizer: 'sgd',
      steps: 7,
      seed: 9,
      shuffle: false,
      backend: 'webgpu',
      stream: false,
    });
    expect(configured).toEqual({
      network: {
        layers: [784, 64, 10],
        activation: 'tanh',
        output: 'sigmoid',
        cost: 'squared-error',
        initializer: 'xavier',
        seed: 9,
      },
      training: {
        batchSize: 32,
        optimizer: 'sgd',
        learningRate: 0.5,
        momentum: 0,
        steps: 7,
        seed: 9,
        shuffle: false,
        backend: 'webgpu',
        stream: false,
      },
    });
  });

  it('starts from the weights that the seed gives', () => {
    const { network } = configureTraining({ seed: 4 });
    const expected = new Network({ ...presets.lecture.network, seed: 4 });
    expect(network.parameters).toEqual(expected.parameters);
  });
});

describe('without a preset, the default', () => {
  it('is sigmoid and squared error, with a learning rate that suits them', () => {
    const { network, training } = configure({ layers: [784, 30, 10] });
    expect(network).toMatchObject({
      activation: 'sigmoid',
      output: 'sigmoid',
      cost: 'squared-error',
      initializer: 'xavier',
    });
    expect(training).toMatchObject({ batchSize: 100, learningRate: 3, momentum: 0 });
  });

  it('matches the given output or cost', () => {
    expect(configure({ output: 'softmax' }).network.cost).toBe('cross-entropy');
    expect(configure({ cost: 'cross-entropy' }).network.output).toBe('softmax');
    expect(configure({ output: 'linear' }).network.cost).toBe('squared-error');
    expect(configure({ output: 'softmax', cost: 'squared-error' }).network).toMatchObject({
      output: 'softmax',
      cost: 'squared-error',
    });
  });

  it('is He initialisation for the ReLU family', () => {
    for (const activation of ['relu', 'leaky-relu', 'gelu'] as const) {
      expect(configure({ activation }).network.initializer).toBe('he');
    }
    expect(configure({ activation: 'tanh' }).network.initializer).toBe('xavier');
    const mixed = configure({ layers: [784, 8, 8, 10], activation: ['relu', 'tanh'] }).network;
    expect(mixed).toMatchObject({ activation: ['relu', 'tanh'], initializer: 'he' });
  });

  it('is a smaller rate without sigmoid, for linear outputs, and with momentum', () => {
    expect(configure({ activation: 'relu', output: 'softmax' }).training.learningRate).toBe(0.1);
    expect(configure({ output: 'linear' }).training.learningRate).toBe(0.01);
    expect(
      configure({ activation: 'relu', output: 'softmax', momentum: 0.9 }).training.learningRate,
    ).toBe(0.01);
  });
});

describe('momentum', () => {
  it.each([
    [{ preset: 'modern' }, 0.9],
    [{ preset: 'modern', optimizer: 'sgd' }, 0],
    [{ preset: 'modern', momentum: 0.5 }, 0.5],
    [{ preset: 'lecture' }, 0],
    [{ preset: 'lecture', optimizer: 'momentum' }, 0.9],
    [{ preset: 'lecture', momentum: 0.8 }, 0.8],
    [{ optimizer: 'momentum', momentum: 0.7 }, 0.7],
    [{ optimizer: 'sgd', momentum: 0 }, 0],
  ] as const)('of %j is %d', (options, momentum) => {
    expect(configure(options).training.momentum).toBe(momentum);
  });

  it('has no effect with plain sgd, and is refused', () => {
    expect(() => configure({ optimizer: 'sgd', momentum: 0.9 })).toThrow(UsageError);
    expect(() => configure({ optimizer: 'sgd', momentum: 0.9 })).toThrow(
      "--momentum 0.9 has no effect with optimizer 'sgd'. Leave --momentum out, or use --optimizer momentum.",
    );
  });
});

describe('refused before data are loaded', () => {
  it.each([
    [{ learningRate: 0 }, 'learningRate must be a positive finite float32 number; got 0.'],
    [{ learningRate: -1 }, 'learningRate must be a positive finite float32 number; got -1.'],
    [{ learningRate: 1e-60 }, 'learningRate must be a positive finite float32 number; got 1e-60.'],
    [{ momentum: 1 }, 'momentum must be a number in [0, 1); got 1.'],
    [{ layers: [784] }, 'at least 2 layer sizes, all positive integers; got 1.'],
    [{ layers: [784, 0, 10] }, 'size 2 of 784, 0, 10 is 0'],
    [
      { output: 'linear', cost: 'cross-entropy' },
      "Cost 'cross-entropy' needs outputs between 0 and 1",
    ],
    [{ threads: 2, backend: 'webgpu' }, "--threads has no effect with backend 'webgpu'."],
    [{ threads: 2, plan: 'tuned' }, "--threads has no effect with backend 'webgpu'."],
    [{ gpuTimeout: 60, backend: 'cpu' }, "--gpu-timeout has no effect with backend 'cpu'."],
    [{ stream: false, backend: 'reference' }, "--stream has no effect with backend 'reference'"],
  ] as const)('%j', (options, sentence) => {
    expect(() => configure(options)).toThrow(ConfigurationError);
    expect(() => configure(options)).toThrow(sentence);
  });
});

describe('a network for the CPU', () => {
  // The parameters alone have 2.2 GB, and take half a minute to draw.
  it('is refused by its sizes if no memory could hold it', () => {
    const large = { layers: [784, 700_000, 10], backend: 'cpu' } as const;
    const { message } = errorOf(OutOfMemoryError, () => configure(large));
    expect(message).toMatch(
      /^The CPU engine needs at least 42\d\d MiB of memory in one piece, but WebAssembly can address only 4096 MiB\. Use a smaller network\.$/,
    );
  });

  it('is accepted up to what its parameters and gradient take in 4 GiB', () => {
    // n outputs have 1025 · n parameters. 2²⁹ parameters and as many elements of a gradient are 4 GiB.
    const most = 523_776;
    expect([1025 * most <= 2 ** 29, 1025 * (most + 16) <= 2 ** 29]).toEqual([true, false]);
    expect(() => requireAddressable([1024, most])).not.toThrow();
    expect(() => requireAddressable([1024, most + 16])).toThrow(OutOfMemoryError);
  });

  it('is refused as ever if its sizes are invalid', () => {
    expect(() => configure({ layers: [784, 0, 10], backend: 'cpu' })).toThrow(ConfigurationError);
  });
});

describe('with weights from a file', () => {
  const loaded = new Network({
    layers: [6, 5, 10],
    activation: 'relu',
    output: 'softmax',
    cost: 'cross-entropy',
    seed: 8,
  });

  it('the network comes from the file', () => {
    const { network, training } = configureTraining({ seed: 2, learningRate: 0.1 }, loaded);
    expect(network).toBe(loaded);
    expect(training.seed).toBe(2);
  });

  it('the learning rate suits that network, or is the named preset’s', () => {
    expect(configure({}, loaded).training.learningRate).toBe(0.1);
    expect(configure({ preset: 'modern' }, loaded).training).toMatchObject({
      learningRate: 0.05,
      momentum: 0.9,
    });
  });

  it('the file must match the options that describe a network', () => {
    expect(describeLoaded({})).toEqual({});
    expect(describeLoaded({ layers: [6, 5, 10], cost: 'squared-error' })).toEqual({
      layers: [6, 5, 10],
      cost: 'squared-error',
    });
    const { layers, activation, output, cost } = presets.modern.network;
    expect(describeLoaded({ preset: 'modern' })).toEqual({ layers, activation, output, cost });
  });

  it('a seed without effect is refused', () => {
    expect(() => configure({ seed: 2, shuffle: false }, loaded)).toThrow(
      '--seed 2 has no effect with --load and --shuffle off: nothing is random.',
    );
    expect(configure({ seed: 2 }, loaded).training.seed).toBe(2);
    expect(configure({ seed: 2, shuffle: false }).network.seed).toBe(2);
  });
});
