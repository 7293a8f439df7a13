import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import {
  sameBits,
  trainCpu,
  trainGpu,
  trainReference,
  trajectoryShare,
} from '../../src/benchmark/verification/trajectories.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { shuffledOrder } from '../../src/data/shuffle.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import { Device } from '../../src/gpu/device.ts';
import { GpuEngine } from '../../src/gpu/engine.ts';
import { Pacer } from '../../src/gpu/pacer.ts';
import { Network } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { adam, sgd } from '../../src/engine/optimizers.ts';
import { exponentialDecay } from '../../src/engine/schedules.ts';
import { testGpu } from '../setup/adapter.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

const { training, test } = digits({ trainingCount: 5000, testCount: 1003 });
// From a file, as another program would hand it over.
const network = loadParameters(saveParameters(new Network(presets.lecture.network)));
const steps = 50;
const batchSize = 100;
const plain = { network, batchSize, optimizer: sgd({ learningRate: 3 }) };
const withMomentum = { ...plain, optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }) };

describe('50 steps of the lecture network in file order, from the same safetensors weights', () => {
  it.each([
    ['plain', plain],
    ['with momentum', withMomentum],
  ])('%s: GPU and CPU agree with float64 within 1e-5 of each tensor', async (_, options) => {
    const truth = await trainReference(options, training, steps);
    const gpu = await trainGpu(device, options, training, steps);
    const cpu = await trainCpu(options, training, steps);
    expect(trajectoryShare(network, gpu, truth)).toBeLessThanOrEqual(1);
    expect(trajectoryShare(network, cpu, truth)).toBeLessThanOrEqual(1);
    // The steps did something: the parameters are not those of the start.
    expect(trajectoryShare(network, network.parameters, truth)).toBeGreaterThan(1000);
  });

  it('two GPU runs give the same bits', async () => {
    const one = await trainGpu(device, plain, training, steps);
    const other = await trainGpu(device, plain, training, steps);
    expect(sameBits(one, other)).toBe(0);
  });

  it('resident and streaming give the same bits', async () => {
    const resident = await trainGpu(device, { ...plain, stream: false }, training, steps);
    const streaming = await trainGpu(device, { ...plain, stream: true }, training, steps);
    expect(sameBits(resident, streaming)).toBe(0);
  });
});

it('a network with more layers than a kernel may have trains like the reference', async () => {
  const deep = new Network({ layers: [8, ...Array<number>(16).fill(4), 3], activation: 'tanh' });
  const options = { network: deep, batchSize: 4, optimizer: sgd({ learningRate: 1 }) };
  const few = randomDataset(testRandom(1), 40, 8, 3);
  const truth = await trainReference(options, few, 10);
  const gpu = await trainGpu(device, options, few, 10);
  expect(trajectoryShare(deep, gpu, truth)).toBeLessThanOrEqual(1);
  expect(trajectoryShare(deep, deep.parameters, truth)).toBeGreaterThan(1000);
});

describe('steps that are submitted in pieces, as slow ones are,', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([false, true])('give the same bits (streamed: %s)', async (stream) => {
    const options = { ...withMomentum, stream };
    const whole = await trainGpu(device, options, training, steps);
    vi.spyOn(Pacer.prototype, 'isStepLong', 'get').mockReturnValue(true);
    const submit = vi.spyOn(device.gpu.queue, 'submit');
    const inPieces = await trainGpu(device, options, training, steps);
    expect(sameBits(whole, inPieces)).toBe(0);
    // Three dispatches: the first layer, the fused ones, and the update.
    const labels = submit.mock.calls.flatMap(([buffers]) => [...buffers].map(({ label }) => label));
    expect(labels.filter((label) => label === 'steps')).toHaveLength(3 * steps);
  });
});

describe('an engine on the GPU', () => {
  it.each([false, true])(
    'counts like the reference over short batches, cut-up runs and epochs (streamed: %s)',
    async (stream) => {
      const { training: few } = digits({ trainingCount: 1234, testCount: 1 });
      const options = { ...withMomentum, batchSize: 100 };
      const gpu = await GpuEngine.create(device, { ...options, stream });
      const reference = createReferenceEngine(options);
      for (const engine of [gpu, reference]) await engine.load(few);
      for (let epoch = 0; epoch < 2; epoch++) {
        const order = shuffledOrder(7, epoch, few.sampleCount);
        const at = { step: 13 * epoch, epoch, stepOfEpoch: 0 };
        for (const engine of [gpu, reference]) engine.beginEpoch(order, at);
        for (const count of [1, 5, 7]) {
          const [found, truth] = await Promise.all([gpu.run(count), reference.run(count)]);
          expect(found.steps).toBe(count);
          expect(found.samples).toBe(truth.samples);
          expect(found.correct).toBe(truth.correct);
          expect(found.costSum).toBeCloseTo(truth.costSum, 3);
        }
      }
      const found = await gpu.readParameters();
      expect(trajectoryShare(network, found, await reference.readParameters())).toBeLessThan(1);
      await gpu.dispose();
      await reference.dispose();
      expect(device.liveBuffers).toBe(0);
    },
  );

  it('evaluates and predicts like the reference, the training set too', async () => {
    const gpu = await GpuEngine.create(device, plain);
    const reference = createReferenceEngine(plain);
    await gpu.load(training);
    for (const dataset of [test, training]) {
      const found = await gpu.evaluate(dataset);
      const truth = await reference.evaluate(dataset);
      expect(found.confusion).toEqual(truth.confusion);
      expect(found.accuracy).toBe(truth.accuracy);
      expect(found.cost).toBeCloseTo(truth.cost, 5);
    }
    const [found, truth] = [await gpu.predict(test), await reference.predict(test)];
    expect(found.length).toBe(test.sampleCount * 10);
    const worst = truth.reduce((max, value, i) => Math.max(max, Math.abs(value - found[i]!)), 0);
    expect(worst).toBeLessThan(1e-5);
    await gpu.dispose();
    expect(device.liveBuffers).toBe(0);
  });

  it('resumes an epoch at any step with the same bits', async () => {
    const order = shuffledOrder(1, 0, training.sampleCount);
    const run = async (parts: readonly number[], stream: boolean) => {
      const engine = await GpuEngine.create(device, { ...plain, stream });
      await engine.load(training);
      let first = 0;
      for (const part of parts) {
        engine.beginEpoch(order, { step: first, epoch: 0, stepOfEpoch: first });
        await engine.run(part);
        first += part;
      }
      const parameters = await engine.readParameters();
      await engine.dispose();
      return parameters;
    };
    const whole = await run([50], false);
    expect(sameBits(whole, await run([13, 30, 7], false))).toBe(0);
    expect(sameBits(whole, await run([13, 30, 7], true))).toBe(0);
  });

  it.each([false, true])(
    'follows the caller in which step over all epochs it is (streamed: %s)',
    async (stream) => {
      // Another rate and another bias correction with each step.
      const learningRate = exponentialDecay({ learningRate: 0.01, every: 10, factor: 0.5 });
      const options = { ...plain, optimizer: adam({ learningRate }), stream };
      const order = shuffledOrder(1, 0, training.sampleCount);
      const at = { step: 57, epoch: 1, stepOfEpoch: 7 };
      const gpu = await GpuEngine.create(device, options);
      const reference = createReferenceEngine(options);
      for (const engine of [gpu, reference]) {
        await engine.load(training);
        engine.beginEpoch(order, at);
        await engine.run(13);
      }
      const truth = await reference.readParameters();
      expect(trajectoryShare(network, await gpu.readParameters(), truth)).toBeLessThan(1);
      await gpu.dispose();
      await reference.dispose();
    },
  );

  it('stops between steps when the signal aborts, and says how many it made', async () => {
    const engine = await GpuEngine.create(device, plain);
    await engine.load(training);
    engine.beginEpoch(shuffledOrder(1, 0, training.sampleCount), new TrainingCursor());
    const controller = new AbortController();
    const run = engine.run(50, controller.signal);
    const queued = engine.run(0, controller.signal);
    controller.abort();
    const metrics = await run;
    expect(metrics.steps).toBeLessThan(50);
    expect(metrics.samples).toBe(metrics.steps * batchSize);
    expect((await queued).steps).toBe(0);
    const rest = await engine.run(50 - metrics.steps);
    expect(rest.samples + metrics.samples).toBe(training.sampleCount);
    await engine.dispose();
  });
});
