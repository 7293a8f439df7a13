import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { dense } from '../../src/network/layers.ts';
import { Network, type NetworkOptions } from '../../src/network/network.ts';

describe('Network', () => {
  it('is a sigmoid network with squared error, xavier and seed 1 where nothing else is said', () => {
    const { activation, output, cost, initializer, seed } = new Network({ layers: [2, 2] });
    expect({ activation, output, cost, initializer, seed }).toEqual({
      activation: 'sigmoid',
      output: 'sigmoid',
      cost: 'squared-error',
      initializer: 'xavier',
      seed: 1,
    });
  });

  it('takes layers as objects, each with an activation of its own', () => {
    const network = new Network({
      layers: [
        784,
        dense({ size: 32, activation: 'relu' }),
        dense({ size: 16 }),
        dense({ size: 10, activation: 'softmax' }),
      ],
      activation: 'tanh',
      cost: 'cross-entropy',
    });
    expect(network).toMatchObject({
      layers: [784, 32, 16, 10],
      activation: ['relu', 'tanh'],
      output: 'softmax',
    });
    const alike = {
      layers: [4, 3, dense({ size: 3, activation: 'relu' }), 2],
      activation: 'relu',
    } as const;
    expect(new Network(alike).activation).toBe('relu');
    const listed = { layers: [784, 32, 16, 10], activation: ['relu', 'tanh'] } as const;
    expect(new Network(listed).activation).toEqual(['relu', 'tanh']);
    expect(network.withParameters(network.parameters)).toEqual(network);
  });

  it.each<[string, NetworkOptions, string]>([
    [
      'a layer of another kind',
      { layers: [2, { kind: 'pool', size: 2 } as never, 2] },
      "Unknown kind of layer 'pool'",
    ],
    [
      'an unknown activation',
      { layers: [2, dense({ size: 2, activation: 'swish' as never }), 2] },
      "Unknown activation 'swish'",
    ],
    [
      'softmax in a hidden layer',
      { layers: [2, dense({ size: 2, activation: 'softmax' }), 2] },
      "Unknown activation 'softmax'",
    ],
    [
      'an activation of the input',
      { layers: [dense({ size: 2, activation: 'relu' }), 2] },
      'The first layer is the input',
    ],
    [
      'two outputs',
      { layers: [2, dense({ size: 2, activation: 'softmax' })], output: 'linear' },
      "has activation 'softmax', but the network's output is 'linear'",
    ],
    [
      'too few activations',
      { layers: [2, 3, 3, 2], activation: ['relu'] },
      'has 2 hidden layers; got 1 activations',
    ],
    ['a size of 0', { layers: [2, dense({ size: 0 }), 2] }, 'size 2 of 2, 0, 2 is 0'],
  ])('refuses %s', (_, options, message) => {
    expect(() => new Network(options)).toThrow(message);
    expect(() => new Network(options)).toThrow(ConfigurationError);
  });

  it('has 13,002 parameters with the layers of the lecture', () => {
    expect(new Network({ layers: [784, 16, 16, 10] }).parameterCount).toBe(13_002);
  });

  it('shows weights [out, in] and biases [out] of a layer as views of its parameters', () => {
    const network = new Network(
      { layers: [3, 2, 1] },
      Float32Array.from({ length: 11 }, (_, i) => i),
    );
    expect([...network.weights(0)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...network.biases(0)]).toEqual([6, 7]);
    expect([...network.weights(1)]).toEqual([8, 9]);
    expect([...network.biases(1)]).toEqual([10]);
    expect(network.weights(1).buffer).toBe(network.parameters.buffer);
  });

  it('copies the parameters and the layer sizes it is given', () => {
    const layers = [1, 1];
    const parameters = Float32Array.of(1, 2);
    const network = new Network({ layers }, parameters);
    parameters[0] = 9;
    layers[0] = 9;
    expect([...network.parameters]).toEqual([1, 2]);
    expect(network.layers).toEqual([1, 1]);
    expect(Object.isFrozen(network.layers)).toBe(true);
  });

  it('gives the same network with other parameters', () => {
    const network = new Network({ layers: [1, 1], activation: 'tanh', output: 'linear', seed: 9 });
    const other = network.withParameters(Float32Array.of(3, 4));
    expect([...other.parameters]).toEqual([3, 4]);
    const { layers, activation, output, cost, initializer, seed } = network;
    expect(other).toMatchObject({ layers, activation, output, cost, initializer, seed });
  });

  it.each([
    [[], 'got 0'],
    [[784], 'got 1'],
    [[784, 0, 10], 'size 2 of 784, 0, 10 is 0'],
    [[784, 16, 2.5], 'size 3 of 784, 16, 2.5 is 2.5'],
    [[-1, 10], 'size 1 of -1, 10 is -1'],
    [[784, NaN], 'size 2 of 784, NaN is NaN'],
  ])('refuses the layers %j', (layers, fact) => {
    expect(() => new Network({ layers })).toThrow(
      new ConfigurationError(
        `A network needs at least 2 layer sizes, all positive integers; ${fact}. ` +
          'Give the input size first, for example 784, 16, 16, 10.',
      ),
    );
  });

  it('refuses more parameters than an array can hold', () => {
    expect(() => new Network({ layers: [784, 2_000_000, 10] })).toThrow(
      new ConfigurationError(
        'A network 784-2000000-10 would have 1590000010 parameters; the maximum is 1073741824. ' +
          'Use smaller layers.',
      ),
    );
  });

  it.each([-1, 0.5, 2 ** 32, NaN])('refuses the seed %d', (seed) => {
    expect(() => new Network({ layers: [1, 1], seed })).toThrow(
      new ConfigurationError(`seed must be an integer from 0 to 4294967295; got ${seed}.`),
    );
  });

  it('refuses parameters of another network', () => {
    expect(() => new Network({ layers: [784, 16, 16, 10] }, new Float32Array(13_001))).toThrow(
      new ConfigurationError(
        'A network 784-16-16-10 has 13002 parameters; got 13001. ' +
          'Give the parameters of a network with the same layer sizes.',
      ),
    );
  });

  it.each([-1, 2, 0.5])('refuses to show layer %d of two', (layer) => {
    expect(() => new Network({ layers: [3, 2, 1] }).weights(layer)).toThrow(
      new ConfigurationError(
        `layer must be an integer from 0 to 1 for a network 3-2-1; got ${layer}.`,
      ),
    );
  });

  it('refuses functions that do not go together', () => {
    expect(() => new Network({ layers: [1, 1], output: 'linear', cost: 'cross-entropy' })).toThrow(
      ConfigurationError,
    );
  });
});
