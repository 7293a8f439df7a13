import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { checkGradient } from '../../src/benchmark/verification/gradient.ts';
import { trainCpu } from '../../src/benchmark/verification/trajectories.ts';
import { sliceDataset } from '../../src/data/dataset.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { Device } from '../../src/gpu/device.ts';
import { Network, type NetworkOptions } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { testGpu } from '../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

const { training } = digits({ trainingCount: 4000, testCount: 1 });
const batch = sliceDataset(training, 0, 50);

const networks: readonly [string, NetworkOptions, number][] = [
  ['lecture', presets.lecture.network, 3],
  [
    'tanh and softmax, ragged sizes',
    {
      layers: [784, 19, 11, 10],
      activation: 'tanh',
      output: 'softmax',
      cost: 'cross-entropy',
    },
    0.3,
  ],
  [
    'ReLU and softmax',
    {
      layers: [784, 30, 10],
      activation: 'relu',
      output: 'softmax',
      cost: 'cross-entropy',
      initializer: 'he',
    },
    0.1,
  ],
  [
    'another activation in each layer',
    {
      layers: [784, 12, 11, 9, 10],
      activation: ['gelu', 'leaky-relu', 'tanh'],
      output: 'softmax',
      cost: 'cross-entropy',
    },
    0.1,
  ],
  [
    'GELU and linear outputs',
    { layers: [784, 24, 10], activation: 'gelu', output: 'linear', cost: 'squared-error' },
    0.02,
  ],
];

describe("the GPU's gradient is the reference's, every element within its bound", () => {
  it.each(networks)(
    '%s, at initialisation and after 400 steps',
    async (_, options, learningRate) => {
      const network = new Network(options);
      expect(await checkGradient(device, network, batch)).toBeLessThanOrEqual(1);

      const optimizer = sgd({ learningRate });
      // Which engine trains makes no difference to what is checked, and on software this one is the fastest.
      const parameters = await trainCpu({ network, batchSize: 10, optimizer }, training, 400);
      const trained = network.withParameters(parameters);
      expect(await checkGradient(device, trained, batch)).toBeLessThanOrEqual(1);
      expect(device.liveBuffers).toBe(0);
    },
  );
});
