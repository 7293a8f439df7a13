/** Every optimizer, schedule and clipping over whole stretches of training, on all three engines. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  sameBits,
  trainCpu,
  trainGpu,
  trainReference,
  trajectoryShare,
} from '../../src/benchmark/verification/trajectories.ts';
import { createCpuEngine } from '../../src/cpu/engine.ts';
import { sliceDataset } from '../../src/data/dataset.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { shuffledOrder } from '../../src/data/shuffle.ts';
import { Device } from '../../src/gpu/device.ts';
import { GpuEngine } from '../../src/gpu/engine.ts';
import { Network } from '../../src/network/network.ts';
import { parameterLayout } from '../../src/network/parameters.ts';
import { presets } from '../../src/network/presets.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { stepsPerEpoch } from '../../src/engine/batches.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import type { Engine, EngineOptions, StepMetrics } from '../../src/engine/engine.ts';
import { adam, adamW, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { cosineDecay, exponentialDecay, stepDecay } from '../../src/engine/schedules.ts';
import { testGpu } from '../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  // What is tested are numbers, which may take their time on a busy machine.
  device = await Device.request({ gpu: await testGpu(), timeoutMs: 60_000 });
});
afterAll(() => device.destroy());

const { training } = digits({ trainingCount: 5000, testCount: 1 });
const network = new Network(presets.lecture.network);
const batchSize = 100;
const steps = 50;
/**
 * Adam makes steps of one length of gradients of any, so what is left of a gradient where its samples' parts cancel,
 * rounding errors and all, counts as much as the rest. That is no fault of an engine; a larger ε keeps it out here.
 */
const epsilon = 1e-4;

const optimizers: readonly (readonly [string, Optimizer])[] = [
  ['weight decay', sgd({ learningRate: 3, weightDecay: 1e-3 })],
  ['Nesterov', sgd({ learningRate: 0.5, momentum: 0.9, nesterov: true, weightDecay: 1e-4 })],
  ['Adam', adam({ learningRate: 0.01, epsilon })],
  ['Adam with weight decay', adam({ learningRate: 0.01, epsilon, weightDecay: 1e-2 })],
  ['AdamW', adamW({ learningRate: 0.01, epsilon })],
  [
    'steps, warmed up',
    sgd({ learningRate: stepDecay({ learningRate: 4, every: 10, factor: 0.5, warmUpSteps: 5 }) }),
  ],
  [
    'exponential decay of Adam',
    adam({
      learningRate: exponentialDecay({ learningRate: 0.02, every: 20, factor: 0.5 }),
      epsilon,
    }),
  ],
];

describe('50 steps of the lecture network', () => {
  it.each(optimizers)(
    '%s: GPU and CPU agree with float64 within 1e-5 of each tensor',
    async (_, optimizer) => {
      const options = { network, batchSize, optimizer };
      const truth = await trainReference(options, training, steps);
      const gpu = trajectoryShare(network, await trainGpu(device, options, training, steps), truth);
      const cpu = trajectoryShare(network, await trainCpu(options, training, steps), truth);
      expect(gpu).toBeLessThanOrEqual(1);
      expect(cpu).toBeLessThanOrEqual(1);
      expect(trajectoryShare(network, network.parameters, truth)).toBeGreaterThan(1000);
    },
  );

  it.each([
    ['momentum', sgd({ learningRate: 0.5, momentum: 0.9 })],
    ['Adam', adam({ learningRate: 0.01, epsilon })],
  ])('clipped, %s: the same, and not what is learned unclipped', async (_, optimizer) => {
    // Gradients here are around 1 long.
    const options = { network, batchSize, optimizer, clipNorm: 0.1 };
    const truth = await trainReference(options, training, steps);
    const unclipped = await trainReference({ network, batchSize, optimizer }, training, steps);
    const gpu = await trainGpu(device, options, training, steps);
    const cpu = await trainCpu(options, training, steps);
    expect(trajectoryShare(network, gpu, truth)).toBeLessThanOrEqual(1);
    expect(trajectoryShare(network, cpu, truth)).toBeLessThanOrEqual(1);
    expect(trajectoryShare(network, unclipped, truth)).toBeGreaterThan(100);
  });

  it("Adam with PyTorch's ε is no further from float64 on the GPU than float32 is on the CPU, or little", async () => {
    const options = { network, batchSize, optimizer: adam({ learningRate: 0.01 }) };
    const truth = await trainReference(options, training, steps);
    const gpu = trajectoryShare(network, await trainGpu(device, options, training, steps), truth);
    const cpu = trajectoryShare(network, await trainCpu(options, training, steps), truth);
    expect(cpu).toBeLessThanOrEqual(20);
    expect(gpu).toBeLessThanOrEqual(4 * cpu);
  });

  it('a gradient within the norm is left alone', async () => {
    const options = { network, batchSize, optimizer: sgd({ learningRate: 3 }) };
    const gpu = await trainGpu(device, options, training, steps);
    const wide = await trainGpu(device, { ...options, clipNorm: 1000 }, training, steps);
    // Cut into other kernels, the same formula may be rounded in other places.
    expect(trajectoryShare(network, wide, gpu)).toBeLessThanOrEqual(0.1);
    const cpu = await trainCpu(options, training, steps);
    expect(sameBits(await trainCpu({ ...options, clipNorm: 1000 }, training, steps), cpu)).toBe(0);
  });
});

describe('the global step', () => {
  it.each([false, true])(
    'goes on over epochs, short batches and cut-up runs (streamed: %s)',
    async (stream) => {
      const { training: few } = digits({ trainingCount: 1234, testCount: 1 });
      const learningRate = cosineDecay({ learningRate: 0.02, steps: 30, warmUpSteps: 7 });
      const options = { network, batchSize: 100, optimizer: adamW({ learningRate, epsilon }) };
      const engines = [
        await GpuEngine.create(device, { ...options, stream }),
        await createCpuEngine(options),
        createReferenceEngine(options),
      ];
      for (const engine of engines) {
        await engine.load(few);
        for (const epoch of [0, 1, 2]) {
          const order = shuffledOrder(7, epoch, few.sampleCount);
          const step = 13 * epoch;
          engine.beginEpoch(order, { step, epoch, stepOfEpoch: 0 });
          for (const count of [1, 5]) await engine.run(count);
          // An epoch resumed is the epoch gone on with.
          engine.beginEpoch(order, { step: step + 6, epoch, stepOfEpoch: 6 });
          await engine.run(7);
        }
      }
      const [gpu, cpu, truth] = await Promise.all(engines.map((one) => one.readParameters()));
      expect(trajectoryShare(network, gpu!, truth!)).toBeLessThanOrEqual(1);
      expect(trajectoryShare(network, cpu!, truth!)).toBeLessThanOrEqual(1);
      for (const engine of engines) await engine.dispose();
      expect(device.liveBuffers).toBe(0);
    },
  );
});

describe('an update that is not finite', () => {
  const layers = [784, 12, 11, 10];
  const gpu = (options: EngineOptions) => GpuEngine.create(device, options);
  const streaming = (options: EngineOptions) =>
    GpuEngine.create(device, { ...options, stream: true });
  const cpu = (options: EngineOptions) => createCpuEngine(options);
  const reference = (options: EngineOptions) => Promise.resolve(createReferenceEngine(options));
  const optimizer = sgd({ learningRate: 0.01 });

  /** What is reported of some epochs over the first so many samples. */
  async function report(
    create: (options: EngineOptions) => Promise<Engine>,
    options: EngineOptions,
    sampleCount: number,
    epochs: number,
  ) {
    const engine = await create(options);
    const dataset = sliceDataset(training, 0, sampleCount);
    await engine.load(dataset);
    const seen: StepMetrics['nonFinite'][] = [];
    const cursor = new TrainingCursor(stepsPerEpoch(sampleCount, options.batchSize));
    for (let epoch = 0; epoch < epochs; epoch++) {
      engine.beginEpoch(shuffledOrder(1, epoch, sampleCount), cursor);
      seen.push((await engine.run(cursor.stepsPerEpoch)).nonFinite);
      cursor.advance(cursor.stepsPerEpoch);
      cursor.nextEpoch();
    }
    await engine.dispose();
    expect(device.liveBuffers).toBe(0);
    return seen;
  }

  it.each([
    ['GPU', gpu],
    ['GPU, streamed', streaming],
    ['CPU', cpu],
    ['reference', reference],
  ])('%s: is reported at once, clipped or not, and from then on', async (_, create) => {
    const sound = new Network({ layers });
    const broken = new Network({ layers });
    broken.parameters[parameterLayout(layers)[1]!.biasOffset] = Number.NaN;
    for (const clipNorm of [undefined, 1]) {
      const options = { batchSize, optimizer, clipNorm };
      expect(await report(create, { ...options, network: sound }, 250, 2)).toEqual([
        undefined,
        undefined,
      ]);
      // A NaN in the outputs is in their delta, and so in the gradient of the last layer first of all.
      const first = { layer: 2, step: 0 };
      expect(await report(create, { ...options, network: broken }, 250, 2)).toEqual([first, first]);
    }
  });

  it.each([
    ['GPU', gpu],
    ['CPU', cpu],
  ])('%s: is reported of the layer it began in', async (_, create) => {
    // Two neurons that are always the same cancel out on the way forward, but not on the way back: 3e38 times the
    // delta of an output is beyond float32, and it goes on from there.
    const network = new Network({ layers, output: 'linear' });
    const parameters = new Float32Array(network.parameterCount);
    const { inputs, outputs, weightOffset } = parameterLayout(layers)[2]!;
    for (let j = 0; j < outputs; j++) {
      parameters[weightOffset + j * inputs] = 3e38;
      parameters[weightOffset + j * inputs + 1] = -3e38;
    }
    const options = { network: network.withParameters(parameters), batchSize, optimizer };
    expect(await report(create, options, 100, 1)).toEqual([{ layer: 1, step: 0 }]);
  });

  it.each([
    ['GPU', gpu],
    ['GPU, streamed', streaming],
    ['CPU', cpu],
  ])('%s: is reported with its step, counted over all epochs', async (_, create) => {
    // One step an epoch. The first throws the weights so far that the second overflows.
    const network = new Network({ layers, activation: 'linear', output: 'linear' });
    const options = { network, batchSize, optimizer: sgd({ learningRate: 1e36 }) };
    const second = { layer: 2, step: 1 };
    expect(await report(create, options, 100, 3)).toEqual([undefined, second, second]);
  });

  it.each([
    ['GPU', gpu],
    ['CPU', cpu],
    ['reference', reference],
  ])(
    '%s: is one whose gradient is finite and whose parameters are not, even of the last step',
    async (_, create) => {
      const network = new Network({ layers, activation: 'linear', output: 'linear' });
      const far = sgd({ learningRate: 3e38 });
      for (const clipNorm of [undefined, 1e6]) {
        const options = { network, batchSize, optimizer: far, clipNorm };
        const [first] = await report(create, options, 100, 1);
        expect(first?.step).toBe(0);
      }
    },
  );

  it.each([
    ['GPU', gpu],
    ['CPU', cpu],
  ])(
    '%s: is one after which Adam would stand still, its mean square infinite',
    async (_, create) => {
      const network = new Network({ layers: [784, 10], output: 'linear' });
      // The cost stays within float32, and so does the gradient; its square does not.
      const parameters = network.parameters.map(() => 0).fill(3e19, 7840, 7841);
      const options = {
        network: network.withParameters(parameters),
        batchSize,
        optimizer: adam({ learningRate: 1e-3 }),
      };
      expect(await report(create, options, 100, 1)).toEqual([{ layer: 0, step: 0 }]);
    },
  );
});
