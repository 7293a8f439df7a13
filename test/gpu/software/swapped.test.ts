/** SwiftShader's main loop: textures change no bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { checkHiddenDelta } from '../../../src/benchmark/verification/hiddenDelta.ts';
import { sameBits, trainGpu } from '../../../src/benchmark/verification/trajectories.ts';
import { createDataset } from '../../../src/data/dataset.ts';
import { Device } from '../../../src/gpu/device.ts';
import { GpuEngine } from '../../../src/gpu/engine.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import type { Plan } from '../../../src/gpu/plan/plan.ts';
import { requirePlan } from '../../../src/gpu/plan/check.ts';
import { trainingStep } from '../../../src/gpu/step.ts';
import { BatchTimer } from '../../../src/gpu/probes/batchTimer.ts';
import { Workbench } from '../../../src/gpu/plan/tuning/workbench.ts';
import { activations } from '../../../src/network/activations.ts';
import { Network } from '../../../src/network/network.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { testGpu } from '../../setup/adapter.ts';
import { outputsAndCosts, randomDataset, testRandom } from '../../support/networks.ts';

const swiftShader = { isSoftware: true, subgroupSize: 4, maxWorkgroupSize: 256 };

const textured = { loop: 'textured', rows4: 4, columns4: 1, workgroupSize: 8 } as const;

/** A plan with the same tile in every kernel. */
function planWith(layers: readonly number[], batchSize: number, tile: Tile = textured): Plan {
  return {
    batchSize,
    layers: layers.slice(1).map(() => ({ forward: tile, hiddenDelta: tile, update: tile })),
    stepsPerSubmit: 2,
  };
}

describe('on a device', () => {
  let device: Device;
  beforeAll(async () => {
    device = await Device.request({ gpu: await testGpu() });
  });
  afterAll(() => device.destroy());

  it.each([
    ['as wide as textures may be', 4 * 8192, 3],
    ['as high', 3, 8192],
    ['of odd sizes', 257, 131],
  ])(
    'weights %s come back from their texture: a product of integers is exact',
    async (_, outputs, inputs) => {
      const options = {
        inputs,
        outputs,
        activation: 'relu',
        batchSize: 4,
        tile: textured,
      } as const;
      expect(await checkHiddenDelta(device, options, 'integers', 1)).toBe(0);
      expect(device.liveBuffers).toBe(0);
    },
  );

  const cases = [
    { layers: [784, 16, 16, 10], batchSize: 100, clipNorm: undefined },
    { layers: [33, 10], batchSize: 7, clipNorm: 0.1 },
    { layers: [50, 128, 64, 3], batchSize: 100, clipNorm: undefined },
    { layers: [50, 70, 7, 3], batchSize: 32, clipNorm: undefined },
  ].map((one, i) => ({
    ...one,
    title: one.layers.join('-'),
    activation: activations[(i + 1) % activations.length]!,
    functions: outputsAndCosts[(2 * i + 1) % outputsAndCosts.length]!,
  }));

  it.each(cases)(
    '$title trained by them has the bits of one trained without',
    async ({ layers, batchSize, clipNorm, activation, functions: [output, cost] }) => {
      const network = new Network({ layers, activation, output, cost, seed: 5 });
      const data = randomDataset(testRandom(61), 5 * batchSize - 3, layers[0]!, layers.at(-1)!);
      const optimizer = sgd({ learningRate: 0.5, momentum: 0.9 });
      const train = (tile: Tile) => {
        const plan = planWith(layers, batchSize, tile);
        return trainGpu(device, { network, batchSize, optimizer, clipNorm, plan }, data, 5);
      };
      const found = await train(textured);
      expect(sameBits(found, await train({ ...textured, loop: 'swapped' }))).toBe(0);
      expect(sameBits(found, network.parameters)).toBe(Infinity);
      expect(device.liveBuffers).toBe(0);
    },
  );

  it('an engine gives its textures back', async () => {
    const layers = [20, 8, 4];
    const network = new Network({ layers });
    const data = createDataset({
      name: 'zeros',
      featureCount: 20,
      classCount: 4,
      features: new Uint8Array(20 * 8),
      labels: new Uint8Array(8),
    });
    const engine = await GpuEngine.create(device, {
      network,
      batchSize: 8,
      optimizer: sgd({ learningRate: 1 }),
      plan: planWith(layers, 8),
    });
    await engine.load(data);
    await engine.settle();
    await engine.load(data);
    await engine.dispose();
    expect(device.liveBuffers).toBe(0);
  });
});

it('candidates of a tuner have their textures in common', async () => {
  const device = await Device.request({ gpu: await testGpu() });
  const layers = [20, 8, 4];
  const options = {
    network: new Network({ layers }),
    batchSize: 8,
    optimizer: sgd({ learningRate: 1 }),
  };
  const plan = planWith(layers, 8);
  const timer = await BatchTimer.create(device);
  const bench = await Workbench.create(device, timer, options);
  await bench.time(bench.kernels(plan));
  const { liveBuffers } = device;
  const wider = { ...textured, columns4: 2 };
  const other = { ...plan, layers: plan.layers.with(0, { ...plan.layers[0]!, forward: wider }) };
  expect(bench.kernels(other)[0]!.code).not.toBe(bench.kernels(plan)[0]!.code);
  await bench.time(bench.kernels(other));
  expect(device.liveBuffers).toBe(liveBuffers);
  bench.dispose();
  timer.dispose();
  expect(device.liveBuffers).toBe(0);
  device.destroy();
});

describe('the default plan', () => {
  const isTextured = (layers: readonly number[], batchSize: number, adapter = swiftShader) =>
    choosePlan({ layers }, batchSize, adapter).layers.map(({ forward, update }) => [
      forward.loop === 'textured',
      update.loop === 'textured',
    ]);

  it('has them for large products where loads are dear, but not for what shares loads no more', () => {
    expect(isTextured([784, 1024, 1024, 10], 1024)).toEqual([
      [true, true],
      [true, true],
      // Rows of 10 numbers would be copied one after another.
      [false, false],
    ]);
    expect(isTextured([784, 128, 10], 100)).toEqual([
      [true, true],
      [false, false],
    ]);
  });

  it('has none for small networks, for what no texture holds, and on other adapters', () => {
    const none = (shown: boolean[][]) => expect(shown.flat()).not.toContain(true);
    none(isTextured([784, 16, 16, 10], 100));
    none(isTextured([784, 100], 100));
    none(isTextured([10_000, 128], 100));
    none(isTextured([784, 128], 10_000));
    none(isTextured([784, 1024, 10], 100, { ...swiftShader, subgroupSize: 8 }));
    none(isTextured([784, 1024, 10], 100, { ...swiftShader, isSoftware: false }));
  });

  it('binds no more textures than every adapter has, however deep the network', () => {
    const layers = Array.from({ length: 13 }, () => 512);
    const plan = choosePlan({ layers }, 512, swiftShader);
    expect(requirePlan(plan, { layers }, 512, swiftShader)).toBe(plan);
    const kernels = trainingStep(new Network({ layers }), plan, sgd({ learningRate: 1 }));
    for (const { bindings, label } of kernels) {
      const textures = bindings.filter(({ access }) => access === 'texture');
      expect(textures.length, label).toBeLessThanOrEqual(16);
    }
    expect(plan.layers.filter(({ update }) => update.loop === 'textured')).toHaveLength(8);
  });
});
