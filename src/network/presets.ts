/** Named networks, each with a batch size and a learning rate that work well. */
import type { PlainNetworkOptions } from './network.ts';

export interface Preset {
  readonly network: PlainNetworkOptions;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly momentum: number;
}

/** Common choices today. */
const today = {
  activation: 'relu',
  output: 'softmax',
  cost: 'cross-entropy',
  initializer: 'he',
} as const;
const withMomentum = { batchSize: 100, learningRate: 0.05, momentum: 0.9 } as const;

export const presets = {
  /** The lecture's network: 13,002 weights and biases, mini-batches of 100. */
  lecture: {
    network: {
      layers: [784, 16, 16, 10],
      activation: 'sigmoid',
      output: 'sigmoid',
      cost: 'squared-error',
      initializer: 'normal',
    },
    batchSize: 100,
    learningRate: 6,
    momentum: 0,
  },
  /** Michael Nielsen's first network ("Neural Networks and Deep Learning", chapter 1). */
  nielsen: {
    network: {
      layers: [784, 30, 10],
      activation: 'sigmoid',
      output: 'sigmoid',
      cost: 'squared-error',
      initializer: 'normal',
    },
    batchSize: 10,
    learningRate: 1.5,
    momentum: 0,
  },
  /** One hidden layer of ReLU, softmax with cross-entropy, momentum. */
  modern: {
    network: { layers: [784, 128, 10], ...today },
    ...withMomentum,
  },
  /** Wide enough that arithmetic, not latency, is the limit. */
  wide: {
    network: { layers: [784, 1024, 1024, 10], ...today },
    ...withMomentum,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
