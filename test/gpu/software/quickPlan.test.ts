/** The kernels of the first steps: which plans have them, and that nobody can tell by the results. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sameBits, trainGpu } from '../../../src/benchmark/verification/trajectories.ts';
import { Device } from '../../../src/gpu/device.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import type { PlanAdapter } from '../../../src/gpu/plan/plan.ts';
import { quickPlan } from '../../../src/gpu/software/quickPlan.ts';
import { trainingStep } from '../../../src/gpu/step.ts';
import { Network } from '../../../src/network/network.ts';
import { adamW, sgd, type Optimizer } from '../../../src/engine/optimizers.ts';
import { testGpu } from '../../setup/adapter.ts';
import {
  hiddenActivations,
  outputsAndCosts,
  randomDataset,
  testRandom,
} from '../../support/networks.ts';

const swiftShader: PlanAdapter = { isSoftware: true, subgroupSize: 4 };
const lecture = { layers: [784, 16, 16, 10] };

describe('there are none', () => {
  const quickOf = (layers: readonly number[], batchSize: number, adapter: PlanAdapter) =>
    quickPlan(choosePlan({ layers }, batchSize, adapter), { layers }, adapter);

  it('where workgroups share tiles, whose sums are added in another order', () => {
    const gpu = { isSoftware: false, subgroupSize: 32 };
    expect(quickOf(lecture.layers, 100, gpu)).toBeUndefined();
    // The same tiles on an adapter that would have some otherwise.
    const shared = choosePlan(lecture, 100, gpu);
    expect(quickPlan(shared, lecture, swiftShader)).toBeUndefined();
  });

  it('where kernels are compiled when they are first dispatched', () => {
    expect(quickOf(lecture.layers, 100, { isSoftware: true, subgroupSize: 8 })).toBeUndefined();
  });

  it('for steps that take longer than compiling', () => {
    expect(quickOf([784, 1024, 1024, 10], 100, swiftShader)).toBeUndefined();
    const quick = quickOf(lecture.layers, 100, swiftShader)!;
    // Two kernels, whatever the network: each costs the compiler something by itself.
    expect(
      trainingStep(new Network(lecture), quick, sgd({ learningRate: 1 })).kernels,
    ).toHaveLength(2);
  });
});

describe('steps in the quick kernels alone give the bits of the fast ones', () => {
  let device: Device;
  beforeAll(async () => {
    device = await Device.request({ gpu: await testGpu() });
  });
  afterAll(() => device.destroy());

  const random = testRandom(41);
  const optimizers: readonly (readonly [string, Optimizer, number?])[] = [
    ['SGD', sgd({ learningRate: 0.5 })],
    [
      'Nesterov, decay, clipped',
      sgd({ learningRate: 0.5, momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
      0.1,
    ],
    ['AdamW', adamW({ learningRate: 0.01 })],
  ];
  const shapes = [
    [784, 16, 16, 10],
    [33, 10],
    [50, 70, 7, 3],
    [21, 130, 5],
  ];
  const cases = shapes.flatMap((layers, i) =>
    optimizers.map(([name, optimizer, clipNorm], j) => ({
      title: `${layers.join('-')}, ${name}`,
      layers,
      optimizer,
      clipNorm,
      activation: hiddenActivations[(i + 2 * j) % hiddenActivations.length]!,
      functions: outputsAndCosts[(2 * i + j) % outputsAndCosts.length]!,
      // Whole mini-batches of many sizes, and a short one at the end.
      batchSize: [100, 7, 32, 1][i]!,
    })),
  );

  it.each(cases)(
    '$title',
    async ({ layers, optimizer, clipNorm, activation, functions, batchSize }) => {
      const [output, cost] = functions;
      const network = new Network({ layers, activation, output, cost, seed: 3 });
      const data = randomDataset(random, Math.ceil(4.5 * batchSize), layers[0]!, layers.at(-1)!);
      const steps = Math.ceil(data.sampleCount / batchSize);
      const options = { network, batchSize, optimizer, clipNorm };
      // Any adapter can run register tiles; only these have quick ones.
      const { subgroupSize } = device.adapter;
      const plan = choosePlan(network, batchSize, { isSoftware: true, subgroupSize });
      const quick = quickPlan(plan, network, swiftShader)!;
      expect(quick).not.toEqual(plan);
      const fast = await trainGpu(device, { ...options, plan }, data, steps);
      expect(sameBits(fast, await trainGpu(device, { ...options, plan: quick }, data, steps))).toBe(
        0,
      );
      // Something was learned.
      expect(sameBits(fast, network.parameters)).toBe(Infinity);
    },
  );
});
