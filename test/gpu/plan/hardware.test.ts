import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Tile } from '../../../shaders/matmul/matmul.ts';
import {
  trainFor,
  trainReference,
  trajectoryShare,
} from '../../../src/benchmark/verification/trajectories.ts';
import { digits } from '../../../src/data/digits/digits.ts';
import { Device } from '../../../src/gpu/device.ts';
import { GpuEngine } from '../../../src/gpu/engine.ts';
import { hardwarePlan } from '../../../src/gpu/plan/hardware.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import type { Plan } from '../../../src/gpu/plan/plan.ts';
import { trainingStep } from '../../../src/gpu/step.ts';
import { Network, type NetworkOptions } from '../../../src/network/network.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { testGpu } from '../../setup/adapter.ts';

const gpu = { isSoftware: false, subgroupSize: 0 };
const optimizer = sgd({ learningRate: 0.1, momentum: 0.5 });
const softmax = { activation: 'relu', output: 'softmax', cost: 'cross-entropy' } as const;

const labels = (layers: number[], batchSize: number) => {
  const plan = choosePlan({ layers }, batchSize, gpu);
  const network = new Network({ layers, ...softmax });
  return trainingStep(network, plan, optimizer).map(({ label }) => label);
};

describe('the plan for a GPU', () => {
  it('makes two dispatches of a step of a small network, and five of a wide one with two hidden layers', () => {
    expect(labels([784, 16, 16, 10], 100)).toHaveLength(2);
    expect(labels([784, 128, 10], 128)).toHaveLength(2);
    for (const width of [512, 1024, 2048]) {
      expect(labels([784, width, width, 10], Math.min(width, 1024))).toEqual([
        `forward 784→${width}`,
        `forward ${width}→${width}`,
        `forward and back ${width}→10`,
        `hidden delta ${width}←${width}`,
        `update 784→${width}, ${width}→${width}, ${width}→10`,
      ]);
    }
  });

  it('tiles the large products in workgroup memory, and splits sums that are few and long', () => {
    const tiles = (sizes: number[], batchSize: number) =>
      hardwarePlan(sizes, batchSize, gpu).layers;
    const [first, second, last] = tiles([784, 1024, 1024, 10], 1024);
    for (const { loop } of [first!.forward, second!.hiddenDelta, second!.update]) {
      expect(loop).toBe('tiled');
    }
    expect(last!.update).toMatchObject({ loop: 'splitK', splitK: 16 });
    // The larger the product, the larger the tiles.
    const blocks = (tile: Tile) => (tile.loop === 'tiled' ? tile.rows4 * tile.columns4 : 0);
    expect(blocks(tiles([784, 4096, 4096, 10], 1024)[1]!.forward)).toBeGreaterThan(
      blocks(second!.forward),
    );
  });

  it('asks for no more invocations and workgroup memory than WebGPU has by default, for any sizes', () => {
    for (const width of [1, 3, 10, 17, 100, 128, 333, 784, 1024]) {
      for (const batchSize of [1, 2, 7, 64, 100, 1000]) {
        const layers = [784, width, 31, 10];
        const plan = choosePlan({ layers }, batchSize, gpu);
        for (const { code } of trainingStep(new Network({ layers }), plan, optimizer)) {
          const [, size] = /@workgroup_size\((\d+)\)/.exec(code)!;
          expect(Number(size)).toBeLessThanOrEqual(256);
          const [, vec4s = '0'] = /var<workgroup> shared4: array<vec4f, (\d+)>/.exec(code) ?? [];
          expect(16 * Number(vec4s)).toBeLessThanOrEqual(16384);
        }
      }
    }
  });
});

describe('training with the plan for a GPU', () => {
  let device: Device;
  beforeAll(async () => {
    // A software adapter takes its time to compile kernels that are not for it.
    device = await Device.request({ gpu: await testGpu(), timeoutMs: 60_000 });
  });
  afterAll(() => device.destroy());

  const { training } = digits({ trainingCount: 333, testCount: 1 });
  const tiled: Tile = {
    loop: 'tiled',
    rows4: 1,
    columns4: 1,
    across: 4,
    tileK4: 3,
    workgroupSize: 64,
  };
  const split: Tile = { loop: 'splitK', splitK: 4, across: 4, workgroupSize: 64 };
  const everythingTiled: Plan = {
    batchSize: 50,
    layers: [tiled, split, tiled].map((tile) => ({
      forward: tile,
      hiddenDelta: tile,
      update: tile,
    })),
    stepsPerSubmit: 10,
  };
  const cases: readonly (readonly [string, NetworkOptions, number, Plan?])[] = [
    ['two dispatches a step', { layers: [784, 16, 16, 10] }, 100],
    ['no size a multiple of anything', { layers: [784, 33, 17, 10], activation: 'gelu' }, 37],
    ['everything tiled or split', { layers: [784, 33, 18, 10], ...softmax }, 50, everythingTiled],
  ];

  it.each(cases.map(([name, options, batchSize, given]) => ({ name, options, batchSize, given })))(
    '$name: agrees with float64 within 1e-5 of each tensor',
    async (one) => {
      const { options, batchSize, given } = one;
      const network = new Network(options);
      const plan = given ?? choosePlan(network, batchSize, gpu);
      const run = { network, batchSize, optimizer };
      const steps = Math.ceil(training.sampleCount / batchSize);
      const engine = await GpuEngine.create(device, { ...run, plan });
      const found = await trainFor(engine, training, steps);
      const truth = await trainReference(run, training, steps);
      expect(trajectoryShare(network, found, truth)).toBeLessThanOrEqual(1);
      expect(trajectoryShare(network, network.parameters, truth)).toBeGreaterThan(100);
    },
  );
});
