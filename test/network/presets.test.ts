import { describe, expect, it } from 'vitest';
import { Network } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';
import { requireBatchSize } from '../../src/engine/batches.ts';
import { sgd } from '../../src/engine/optimizers.ts';

describe('presets', () => {
  it.each([
    ['lecture', 13_002],
    ['nielsen', 23_860],
    ['modern', 101_770],
    ['wide', 1_863_690],
  ] as const)('%s is a network of %i parameters that can be trained', (name, parameterCount) => {
    const { network, batchSize, learningRate, momentum } = presets[name];
    expect(new Network(network).parameterCount).toBe(parameterCount);
    expect(requireBatchSize(batchSize)).toBe(batchSize);
    expect(sgd({ learningRate, momentum })).toMatchObject({ learningRate, momentum });
  });

  it('lecture is the network of the lecture: 784-16-16-10, sigmoid, squared error, mini-batches of 100', () => {
    expect(presets.lecture).toMatchObject({
      network: {
        layers: [784, 16, 16, 10],
        activation: 'sigmoid',
        output: 'sigmoid',
        cost: 'squared-error',
        initializer: 'normal',
      },
      batchSize: 100,
    });
  });
});
