/** Runs of PyTorch in float64, which test/pytorch/make.py wrote, and the same runs in nudge. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { createDataset } from '../../src/data/dataset.ts';
import type { Backend } from '../../src/engine/engine.ts';
import { adamW, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { cosineDecay, stepDecay } from '../../src/engine/schedules.ts';
import { float32Values, readSafetensors } from '../../src/formats/safetensors.ts';
import { Network, type NetworkOptions } from '../../src/network/network.ts';
import { Trainer } from '../../src/training/trainer.ts';

interface Run {
  readonly network: NetworkOptions;
  readonly optimizer: Optimizer;
  readonly clipNorm?: number;
}

const runs: Readonly<Record<string, Run>> = {
  lecture: {
    network: { layers: [36, 16, 16, 10], cost: 'squared-error', output: 'sigmoid' },
    optimizer: sgd({ learningRate: 3 }),
  },
  clipped: {
    network: {
      layers: [30, 24, 13, 7],
      activation: ['relu', 'tanh'],
      ...({ output: 'softmax', cost: 'cross-entropy' } as const),
    },
    optimizer: sgd({
      learningRate: stepDecay({ learningRate: 0.2, every: 4, factor: 0.5 }),
      ...{ momentum: 0.9, nesterov: true, weightDecay: 0.001 },
    }),
    clipNorm: 0.5,
  },
  adamw: {
    network: {
      layers: [41, 19, 5],
      ...({ activation: 'gelu', output: 'softmax', cost: 'cross-entropy' } as const),
    },
    optimizer: adamW({
      learningRate: cosineDecay({ learningRate: 0.02, steps: 10, finalLearningRate: 0.001 }),
      ...{ beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.05 },
    }),
  },
};

const { tensors } = readSafetensors(
  readFileSync(join(import.meta.dirname, '../pytorch/runs.safetensors')),
);
const bytes = (name: string) => tensors.get(name)!.data;
const float64 = (name: string) => new Float64Array(Uint8Array.from(bytes(name)).buffer);

/**
 * Tests that a backend trains as PyTorch does.
 * @param tolerance of a cost relative to the cost, and of a parameter relative to the largest move of a parameter
 */
export function trainsLikePyTorch(
  backend: Backend,
  tolerance: number,
  gpu?: () => Promise<GPU>,
): void {
  it.each(Object.keys(runs))(
    `${backend} makes the ten steps of PyTorch's run '%s'`,
    async (name) => {
      const { network: options, ...how } = runs[name]!;
      const initial = float32Values(bytes(`${name}.initial`));
      const network = new Network(options).withParameters(initial);
      const training = createDataset({
        ...{ name, featureCount: network.layers[0]!, classCount: network.layers.at(-1)! },
        ...{ features: bytes(`${name}.features`), labels: bytes(`${name}.labels`) },
      });
      const trainer = await Trainer.create(network, {
        ...{ backend, batchSize: 20, shuffle: false, ...how },
        ...(gpu && { gpu: await gpu() }),
      });
      const costs: number[] = [];
      for await (const { cost } of trainer.fit(training, { steps: 10, reportEvery: 1 }))
        costs.push(cost);
      const { parameters } = await trainer.snapshot();
      await trainer.dispose();

      const wanted = float64(`${name}.costs`);
      expect(costs).toHaveLength(wanted.length);
      costs.forEach((cost, n) => expect(Math.abs(cost / wanted[n]! - 1)).toBeLessThan(tolerance));
      const trained = float64(`${name}.trained`);
      const largestMove = Math.max(...trained.map((value, i) => Math.abs(value - initial[i]!)));
      const largestError = Math.max(...trained.map((value, i) => Math.abs(value - parameters[i]!)));
      expect(parameters).toHaveLength(trained.length);
      expect(largestError / largestMove).toBeLessThan(tolerance);
    },
  );
}
