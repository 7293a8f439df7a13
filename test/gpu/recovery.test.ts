/** Training that goes on when its device is lost, with the bits of a run that nothing disturbs. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { runTraining } from '../../src/benchmark/trainJob.ts';
import { createCpuEngine } from '../../src/cpu/engine.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { adam, sgd } from '../../src/engine/optimizers.ts';
import {
  ConfigurationError,
  DeviceLostError,
  DisposedError,
  TrainingInterruptedError,
} from '../../src/errors.ts';
import { createGpuEngine } from '../../src/gpu/createEngine.ts';
import { Device } from '../../src/gpu/device.ts';
import { Network } from '../../src/network/network.ts';
import { RecoveringEngine, type RecoveryEvent } from '../../src/training/recovery.ts';
import { Trainer } from '../../src/training/trainer.ts';
import type { TrainerOptions } from '../../src/training/trainerOptions.ts';
import { testGpu } from '../setup/adapter.ts';
import { editDevices } from '../support/brokenGpu.ts';
import { fit, test, training } from '../support/explaining.ts';
import { failureOf } from '../support/failure.ts';

const network = new Network({ layers: [784, 9, 10], activation: 'relu', initializer: 'normal' });
/** 330 samples are 7 steps an epoch, the last of 30. */
const plain = { batchSize: 50, optimizer: sgd({ learningRate: 0.1 }) };
const clipped = {
  batchSize: 50,
  optimizer: adam({ learningRate: 0.01 }),
  clipNorm: 0.5,
} as const;

/** Every device that nudge requests, and the WebGPU device of each adapter. */
let devices: Device[];
let raw: GPUDevice[];
let events: RecoveryEvent[];
let gpu: GPU;
let base: { readonly backend: 'webgpu'; gpu: GPU; onRecovery: (event: RecoveryEvent) => void };
/** Called with each device, and its number from 0. */
let onDevice: (device: GPUDevice, n: number) => void;

beforeEach(async () => {
  [devices, raw, events] = [[], [], []];
  onDevice = () => undefined;
  gpu = editDevices(await testGpu(), (device) => {
    onDevice(device, raw.length);
    raw.push(device);
  });
  base = { backend: 'webgpu', gpu, onRecovery: (event) => events.push(event) };
  const request = Device.request.bind(Device);
  vi.spyOn(Device, 'request').mockImplementation(async (options) => {
    const device = await request(options);
    devices.push(device);
    return device;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const device of devices) expect(device.liveBuffers).toBe(0);
});

const destroyLast = () => raw.at(-1)!.destroy();
const kinds = () => events.map(({ type }) => type);
const recovered = () => events.filter((event) => event.type === 'recovered');

/** Lets this many milliseconds pass between two readings of the clock, so that a snapshot is due. */
function skipTime(ms: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
}

/** Kills a device at its n-th submit of work with this label. */
function killAtSubmit(device: GPUDevice, label: string, n: number): void {
  const submit = device.queue.submit.bind(device.queue);
  let count = 0;
  Object.defineProperty(device.queue, 'submit', {
    value: (buffers: GPUCommandBuffer[]) => {
      submit(buffers);
      if (buffers.some((buffer) => buffer.label === label) && ++count === n) device.destroy();
    },
  });
}

/**
 * Uses everything that a trainer offers.
 * @param moment called at each of 21 moments, with its number
 * @returns everything that it gave, without times
 */
async function useTrainer(trainer: Trainer, moment: (n: number) => void): Promise<unknown[]> {
  let n = 0;
  const results: unknown[] = [];
  const next = () => moment(n++);
  /** Moments before a call, and while it works. */
  const during = async (call: () => Promise<unknown>) => {
    next();
    const result = call();
    next();
    results.push(await result);
  };
  await during(() => trainer.prepare(training));
  for await (const report of trainer.fit(training, { epochs: 2, reportEvery: 3 })) {
    const { epoch, step, cost, accuracy, endOfEpoch, samples } = report;
    results.push({ epoch, step, cost, accuracy, endOfEpoch, samples });
    if (step === 3) await during(() => trainer.predict(test));
    else if (step === 6) await during(() => trainer.explain(test, 3));
    else if (endOfEpoch) await during(() => trainer.evaluate(test));
    else next();
  }
  await during(() => trainer.snapshot());
  await fit(trainer, { steps: 3 });
  await during(() => trainer.explainBatch(training));
  // Leaves the loop while runs are pending.
  for await (const { step } of trainer.fit(training, { steps: 4, reportEvery: 1 })) {
    results.push(step);
    next();
    break;
  }
  // How many pending steps still count depends on the moment of leaving.
  if (trainer.step < 21) await fit(trainer, { steps: 21 - trainer.step });
  await during(() => trainer.evaluate(training));
  await during(() => trainer.network());
  results.push(await trainer.snapshot());
  return results;
}

/**
 * Options, and the first moment of a loss, which every sixth moment follows. test/training/faults.test.ts loses the device
 * in every call.
 */
const cases: readonly (readonly [string, Omit<TrainerOptions, 'backend'>, number])[] = [
  ['SGD', plain, 1],
  ['Adam with clipping', clipped, 3],
  ['streamed', { ...clipped, stream: true }, 2],
];

describe.each(cases)('a lost device changes no bit: %s', (_, options, first) => {
  it('whenever it is lost', async () => {
    const undisturbed = await Trainer.create(network, { ...options, ...base });
    let moments = 0;
    const expected = await useTrainer(undisturbed, () => moments++);
    await undisturbed.dispose();
    expect(moments).toBe(21);
    expect(events).toEqual([]);
    events.length = 0;
    const device = first % 2 === 0 ? await Device.request({ gpu }) : undefined;
    const own = devices.length;
    const trainer = await Trainer.create(network, {
      ...{ ...options, ...base },
      ...(device && { device }),
    });
    let losses = 0;
    const results = await useTrainer(trainer, (n) => {
      if (n % 6 !== first) return;
      losses++;
      destroyLast();
    });
    expect(results, `lost at moment ${first} and each sixth`).toEqual(expected);
    expect(kinds()).toEqual(Array.from({ length: losses }, () => ['lost', 'recovered']).flat());
    expect(recovered()[0]).toMatchObject({
      ...{ backend: 'webgpu', isSameAdapter: true, isSamePlan: true },
      adapter: { isSoftware: trainer.adapter!.isSoftware },
    });
    await trainer.dispose();
    // The trainer's own devices are destroyed. The caller's was given back empty.
    for (const one of devices.slice(own)) {
      expect((await one.gpu.lost).reason).toBe('destroyed');
    }
    if (device) expect(device.liveBuffers).toBe(0);
  });
});

describe('a snapshot', () => {
  it('shortens what is repeated, and changes no bit', async () => {
    const create = () => Trainer.create(network, { ...clipped, ...base });
    const first = await create();
    await fit(first, { steps: 30 });
    const expected = await first.snapshot();
    await first.dispose();
    const trainer = await create();
    for await (const { step } of trainer.fit(training, { steps: 30, reportEvery: 1 })) {
      if (step === 10) skipTime(1000);
      if (step === 24) destroyLast();
    }
    expect(await trainer.snapshot()).toEqual(expected);
    const [event] = recovered();
    // It is from the end of an epoch or the middle, two runs ahead of the report at most.
    expect(event!.step - event!.replayedSteps).toBeGreaterThanOrEqual(10);
    expect(event!.step - event!.replayedSteps).toBeLessThanOrEqual(14);
    await trainer.dispose();
  });

  it('is not needed after restore(), from which a lost device goes on', async () => {
    const trainer = await Trainer.create(network, { ...plain, ...base });
    await fit(trainer, { steps: 9 });
    const nine = await trainer.snapshot();
    await fit(trainer, { steps: 5 });
    const expected = await trainer.snapshot();
    await trainer.restore(nine);
    destroyLast();
    expect(await trainer.snapshot()).toEqual(nine);
    await fit(trainer, { steps: 5 });
    expect(await trainer.snapshot()).toEqual(expected);
    expect(recovered()).toMatchObject([{ replayedSteps: 0 }]);
    await trainer.dispose();
  });
});

describe('devices that are lost one after another', () => {
  it('are replaced, also when that happens during the recovery', async () => {
    const undisturbed = await Trainer.create(network, { ...plain, ...base });
    await fit(undisturbed, { steps: 20, reportEvery: 2 });
    const expected = await undisturbed.snapshot();
    await undisturbed.dispose();
    raw.length = 0;
    onDevice = (device, n) => {
      if (n === 0) killAtSubmit(device, 'steps', 5);
      // While it compiles, and while it repeats steps; then after a few new ones.
      if (n === 1) device.pushErrorScope = () => device.destroy();
      if (n === 2) killAtSubmit(device, 'steps', 1);
      if (n === 3) killAtSubmit(device, 'steps', 7);
    };
    const trainer = await Trainer.create(network, { ...plain, ...base });
    await fit(trainer, { steps: 20, reportEvery: 2 });
    expect(await trainer.snapshot()).toEqual(expected);
    expect(raw.length).toBe(5);
    expect(kinds()).toEqual(['lost', 'lost', 'lost', 'recovered', 'lost', 'recovered']);
    await trainer.dispose();
  });

  it('end training after three in a row without a result, with a snapshot', async () => {
    onDevice = (device, n) => killAtSubmit(device, 'steps', n === 0 ? 4 : 1);
    const trainer = await Trainer.create(network, { ...plain, ...base });
    const error = await failureOf(
      fit(trainer, { steps: 10, reportEvery: 1 }),
      TrainingInterruptedError,
    );
    expect(error).toBeInstanceOf(DeviceLostError);
    expect(raw.length).toBe(4);
    expect(error.message).toMatch(/lost 4 times in a row .* of step 0/);
    expect(error.snapshot).toMatchObject({ step: 0, layers: network.layers });
    expect(await failureOf(trainer.evaluate(test), TrainingInterruptedError)).toBe(error);
    await trainer.dispose();
  });
});

describe('without an adapter', () => {
  it.each(['recover', 'throw'] as const)(
    'another trainer continues from the snapshot in the error, with the same bits: %s',
    async (onDeviceLost) => {
      const create = (from: GPU) =>
        Trainer.create(network, { ...clipped, ...base, gpu: from, onDeviceLost });
      const undisturbed = await create(gpu);
      await fit(undisturbed, { steps: 30 });
      const expected = await undisturbed.snapshot();
      await undisturbed.dispose();
      let isGone = false;
      const failing = {
        requestAdapter: async () => (isGone ? null : await gpu.requestAdapter()),
      } as GPU;
      const trainer = await create(failing);
      const train = async () => {
        for await (const { step } of trainer.fit(training, { steps: 30, reportEvery: 1 })) {
          if (step === 8) skipTime(1000);
          if (step !== 20) continue;
          isGone = true;
          destroyLast();
        }
      };
      const error = await failureOf(train(), TrainingInterruptedError);
      expect(error.reason).toBe('destroyed');
      if (onDeviceLost === 'recover') expect(error.message).toContain('found no adapter');
      expect(kinds()).toEqual(['lost']);
      // With a snapshot after step 8, and of a step before the loss.
      expect(error.snapshot.step).toBeGreaterThanOrEqual(8);
      expect(error.snapshot.step).toBeLessThanOrEqual(22);
      await failureOf(trainer.restore(error.snapshot), TrainingInterruptedError);
      await trainer.dispose();
      const other = await create(gpu);
      await other.restore(structuredClone(error.snapshot));
      await fit(other, { steps: 30 - error.snapshot.step });
      expect(await other.snapshot()).toEqual(expected);
      await other.dispose();
    },
  );
});

describe('an engine that recovers', () => {
  /** An engine, and an epoch begun in it. */
  const create = async (openGpu?: () => Promise<never>, onDeviceLost?: 'cpu') => {
    const engine = new RecoveringEngine({
      network,
      options: { ...plain, ...(onDeviceLost && { onDeviceLost }), onRecovery: base.onRecovery },
      opened: await createGpuEngine({ ...plain, network, gpu }),
      openGpu: async (another, plan) => {
        if (plan && openGpu) await openGpu();
        return await createGpuEngine({ ...plain, network, device: another });
      },
      openCpu: () => createCpuEngine({ ...plain, network }, { threads: 0 }),
    });
    await engine.load(training);
    engine.beginEpoch(fileOrder(training.sampleCount), new TrainingCursor());
    return engine;
  };

  it('goes on with the CPU if no adapter comes back and it may', async () => {
    const engine = await create(undefined, 'cpu');
    const undisturbed = await engine.run(3);
    expect(undisturbed.steps).toBe(3);
    gpu.requestAdapter = () => Promise.resolve(null);
    destroyLast();
    const [metrics, evaluation] = await Promise.all([engine.run(4), engine.evaluate(test)]);
    expect(metrics.steps).toBe(4);
    const cpu = await createCpuEngine({ ...plain, network }, { threads: 0 });
    await cpu.load(training);
    cpu.beginEpoch(fileOrder(training.sampleCount), new TrainingCursor());
    await cpu.run(3);
    // From the initial network, the CPU has made every step.
    expect(metrics).toEqual(await cpu.run(4));
    expect(evaluation).toEqual(await cpu.evaluate(test));
    await cpu.dispose();
    expect(recovered()).toMatchObject([{ backend: 'cpu', step: 3, replayedSteps: 3 }]);
    expect(engine).toMatchObject({ backend: 'cpu', adapter: undefined });
    expect(engine.choice).toMatch(/^cpu: the GPU was lost, .* found no adapter/);
    await engine.dispose();
  });

  it('uses the default plan where its own does not fit, and says so', async () => {
    const engine = await create(() => Promise.reject(new ConfigurationError('Too large.')));
    destroyLast();
    expect(await engine.run(3)).toMatchObject({ steps: 3 });
    expect(engine.planOrigin).toBe('default');
    await engine.dispose();
  });
});

describe('a device that hangs', () => {
  it('counts as lost, and training goes on', async () => {
    const timeoutMs = 2000;
    const device = await Device.request({ gpu, timeoutMs });
    const trainer = await Trainer.create(network, { ...plain, ...base, device });
    await fit(trainer, { steps: 3 });
    // Neither maps nor tells of the loss.
    const never = new Promise<never>(() => undefined);
    const { prototype } = GPUBuffer;
    const map = vi.spyOn(prototype, 'mapAsync').mockReturnValue(never);
    const training = fit(trainer, { steps: 3 });
    await vi.waitUntil(() => map.mock.calls.length > 0);
    map.mockRestore();
    await training;
    expect(events[0]).toMatchObject({ type: 'lost', reason: 'timeout', step: 3 });
    expect(recovered()).toMatchObject([{ step: 3, replayedSteps: 3 }]);
    await trainer.dispose();
    expect(device.liveBuffers).toBe(0);
    device.destroy();
  });
});

describe('while no adapter answers', () => {
  /** A trainer that has lost its device in step 5, and a function that lets the adapter answer. */
  const create = async () => {
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    let isAsked = false;
    const slow = {
      requestAdapter: async () => {
        if (raw.length > 0) {
          isAsked = true;
          await held;
        }
        return await gpu.requestAdapter();
      },
    } as GPU;
    const trainer = await Trainer.create(network, { ...plain, ...base, gpu: slow });
    await fit(trainer, { steps: 5, reportEvery: 1 });
    destroyLast();
    return { trainer, asked: () => vi.waitUntil(() => isAsked), answer };
  };

  it('dispose() does not wait, and a device that comes later is destroyed', async () => {
    const { trainer, asked, answer } = await create();
    const fitting = failureOf(fit(trainer, { steps: 5 }), DisposedError);
    const evaluating = failureOf(trainer.evaluate(test), DisposedError);
    await asked();
    await trainer.dispose();
    await fitting;
    await evaluating;
    expect(raw.length).toBe(1);
    answer();
    await vi.waitUntil(() => devices.length === 2);
    expect((await raw[1]!.lost).reason).toBe('destroyed');
  });

  it('an aborted fit ends after the recovery, and the next one has the same bits', async () => {
    const undisturbed = await Trainer.create(network, { ...plain, gpu, backend: 'webgpu' });
    await fit(undisturbed, { steps: 12 });
    const expected = await undisturbed.snapshot();
    await undisturbed.dispose();
    raw.length = 0;
    const { trainer, asked, answer } = await create();
    const leaving = new AbortController();
    const why = new Error('enough');
    const fitting = failureOf(fit(trainer, { steps: 5, signal: leaving.signal }), Error);
    await asked();
    leaving.abort(why);
    answer();
    expect(await fitting).toBe(why);
    expect(trainer.step).toBe(5);
    await fit(trainer, { steps: 7 });
    expect(await trainer.snapshot()).toEqual(expected);
    await trainer.dispose();
  });
});

it('a training job passes the events on and counts the losses', async () => {
  const configuration = {
    network: { layers: [784, 9, 10], initializer: 'normal' },
    momentum: 0,
    ...{ optimizer: 'sgd', learningRate: 0.1, batchSize: 50, epochs: 2, seed: 1, shuffle: true },
    backend: 'webgpu',
  } as const;
  const undisturbed = await runTraining(configuration, { training, test }, { gpu });
  const types: string[] = [];
  const result = await runTraining(
    configuration,
    { training, test },
    {
      gpu,
      onEvent: ({ type }) => {
        if (type === 'start') destroyLast();
        types.push(type);
      },
    },
  );
  expect(types.slice(0, 4)).toEqual(['start', 'lost', 'recovered', 'progress']);
  expect(result).toMatchObject({ deviceLosses: 1, sha256: undisturbed.sha256 });
  expect(undisturbed.deviceLosses).toBe(0);
});

it('a device that the caller destroys is not replaced', async () => {
  const device = await Device.request({ gpu });
  const trainer = await Trainer.create(network, { ...plain, ...base, device });
  await fit(trainer, { steps: 3 });
  device.destroy();
  await failureOf(fit(trainer, { steps: 3 }), DisposedError);
  expect(events).toEqual([]);
  await trainer.dispose();
  expect(devices.length).toBe(1);
});

it('a listener that throws, or disposes of the trainer, does no harm', async () => {
  for (const isDisposing of [false, true]) {
    let disposing: Promise<void> | undefined;
    const trainer: Trainer = await Trainer.create(network, {
      ...{ ...plain, ...base },
      onRecovery: () => {
        if (isDisposing) disposing ??= trainer.dispose();
        throw new Error('not my day');
      },
    });
    await trainer.prepare(training);
    destroyLast();
    if (isDisposing) await failureOf(fit(trainer, { steps: 3 }), DisposedError);
    else await fit(trainer, { steps: 3 });
    await disposing;
    await trainer.dispose();
  }
});

it('onDeviceLost is checked', async () => {
  const create = (options: object) =>
    failureOf(Trainer.create(network, { ...plain, ...base, ...options }), ConfigurationError);
  expect((await create({ onDeviceLost: 'retry' })).message).toContain('recover, cpu, throw');
  expect((await create({ onDeviceLost: 'cpu' })).message).toContain("use backend 'auto'");
  expect((await create({ onRecovery: 1 })).message).toContain('onRecovery must be a function');
});
