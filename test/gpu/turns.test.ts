/** Calls that do not wait for one another: each takes effect in the order of the calls. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sameBits, trajectoryShare } from '../../src/benchmark/verification/trajectories.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { fileOrder, shuffledOrder } from '../../src/data/shuffle.ts';
import { ConfigurationError, DisposedError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { GpuEngine } from '../../src/gpu/engine.ts';
import { Network } from '../../src/network/network.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';
import { rejectionOf } from '../support/failure.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

const { training, test } = digits({ trainingCount: 330, testCount: 100 });
const network = new Network({ layers: [784, 8, 10] });
const how = { batchSize: 100, optimizer: sgd({ learningRate: 1 }) };
const options = { ...how, network };
const order = (epoch: number) => shuffledOrder(1, epoch, training.sampleCount);

describe.each([false, true])('calls on a GPU engine (streamed: %s)', (stream) => {
  it('take effect in order, an evaluation between runs and an order written over too', async () => {
    const results = [];
    for (const patient of [true, false]) {
      const engine = await GpuEngine.create(device, { ...options, stream });
      await engine.load(training);
      const done: Promise<unknown>[] = [];
      const wait = async (call: Promise<unknown>) => {
        done.push(call);
        if (patient) await call;
      };
      const reused = order(0);
      engine.beginEpoch(reused, new TrainingCursor());
      await wait(engine.run(2));
      await wait(engine.evaluate(test));
      await wait(engine.run(2));
      reused.set(order(1));
      engine.beginEpoch(reused, { step: 4, epoch: 1, stepOfEpoch: 0 });
      await wait(engine.run(4));
      await wait(engine.readParameters());
      const found = await Promise.all(done);
      await engine.dispose();
      results.push(found);
    }
    const [patient, hasty] = results as [unknown[], unknown[]];
    expect(hasty[1]).toEqual(patient[1]);
    expect(sameBits(hasty[4] as Float32Array, patient[4] as Float32Array)).toBe(0);
  });

  it('of an epoch that was aborted give no steps to the next one, nor to none', async () => {
    const engine = await GpuEngine.create(device, { ...options, stream });
    await engine.load(training);
    const aborted = { signal: AbortSignal.abort() };
    engine.beginEpoch(order(0), new TrainingCursor());
    const first = engine.run(4, aborted.signal);
    engine.beginEpoch(order(1), new TrainingCursor());
    expect((await first).steps).toBe(0);
    expect(await rejectionOf(engine.run(5))).toBeInstanceOf(ConfigurationError);
    const second = engine.run(4, aborted.signal);
    const loaded = engine.load(test);
    expect((await second).steps).toBe(0);
    expect(() => engine.beginEpoch(order(0), new TrainingCursor())).toThrow(ConfigurationError);
    await loaded;
    expect(await rejectionOf(engine.run(1))).toBeInstanceOf(ConfigurationError);
    engine.beginEpoch(fileOrder(test.sampleCount), new TrainingCursor());
    expect((await engine.run(1)).samples).toBe(100);
    await engine.dispose();
    expect(device.liveBuffers).toBe(0);
  });

  it('end in a DisposedError when the engine is disposed of before they are over', async () => {
    const engine = await GpuEngine.create(device, { ...options, stream });
    await engine.load(training);
    engine.beginEpoch(order(0), new TrainingCursor());
    const calls = [engine.run(3), engine.run(1), engine.evaluate(test), engine.load(test)];
    const reasons = Promise.all(calls.map((call) => rejectionOf(call)));
    await engine.dispose();
    for (const reason of await reasons) expect(reason).toBeInstanceOf(DisposedError);
    expect(device.liveBuffers).toBe(0);
    // The device is none the worse for it.
    device.throwIfUnusable();
  });

  it('of a trainer that is disposed of while it fits end the loop in a DisposedError', async () => {
    const trainer = await Trainer.create(network, {
      ...how,
      backend: 'webgpu',
      device,
      stream,
    });
    const loop = async () => {
      for await (const { step } of trainer.fit(training, { epochs: 50, reportEvery: 1 })) {
        if (step === 2) void trainer.dispose();
      }
    };
    expect(await rejectionOf(loop())).toBeInstanceOf(DisposedError);
    await trainer.dispose();
  });
});

describe('networks and mini-batches at the edge of what there is', () => {
  it.each([
    ['no hidden layer', [784, 10], 100, 330],
    ['a layer of one', [784, 1, 10], 100, 330],
    ['more than a thousand outputs', [784, 6, 1030], 50, 60],
    ['one sample a step', [784, 5, 10], 1, 7],
    ['a mini-batch larger than the dataset', [784, 5, 10], 64, 7],
    ['a single sample', [784, 5, 10], 100, 1],
  ])('%s: trained and evaluated like the reference', async (_, layers, batchSize, count) => {
    const small = digits({ trainingCount: count, testCount: 1 }).training;
    const shape = { ...options, network: new Network({ layers }), batchSize };
    const gpu = await GpuEngine.create(device, shape);
    const reference = createReferenceEngine(shape);
    const steps = Math.ceil(count / batchSize);
    const found = [];
    for (const engine of [gpu, reference]) {
      await engine.load(small);
      engine.beginEpoch(fileOrder(count), new TrainingCursor());
      const { samples } = await engine.run(steps);
      expect(samples).toBe(count);
      found.push([await engine.readParameters(), await engine.evaluate(small)] as const);
      await engine.dispose();
    }
    const [[parameters, evaluation], [truth, expected]] = found as [
      (typeof found)[0],
      (typeof found)[0],
    ];
    expect(trajectoryShare(shape.network, parameters, truth)).toBeLessThanOrEqual(1);
    expect(evaluation.confusion).toEqual(expected.confusion);
    expect(evaluation.cost).toBeCloseTo(expected.cost, 4);
    expect(device.liveBuffers).toBe(0);
  });
});
