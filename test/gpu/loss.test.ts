import { describe, expect, it, vi } from 'vitest';

import { digits } from '../../src/data/digits/digits.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { DeviceLostError, DisposedError, LimitError, NoAdapterError } from '../../src/errors.ts';
import { defaultTimeoutMs, Device } from '../../src/gpu/device.ts';
import { GpuEngine } from '../../src/gpu/engine.ts';
import { Pacer } from '../../src/gpu/pacer.ts';
import { Readback } from '../../src/gpu/readback.ts';
import { Network } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Sweep } from '../../src/training/sweep.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';
import { breakGpu } from '../support/brokenGpu.ts';
import { rejectionOf } from '../support/failure.ts';

const { training, test } = digits({ trainingCount: 3000, testCount: 500 });
const network = new Network(presets.lecture.network);
const how = { batchSize: 100, optimizer: sgd({ learningRate: 3 }) };
const options = { ...how, network };

async function startedEngine(device: Device, stream = false): Promise<GpuEngine> {
  const engine = await GpuEngine.create(device, { ...options, stream });
  await engine.load(training);
  engine.beginEpoch(fileOrder(training.sampleCount), new TrainingCursor());
  return engine;
}

/** From now on, the device ignores commands to clear buffers. */
function dropClears({ gpu }: Device): void {
  const create = gpu.createCommandEncoder.bind(gpu);
  Object.defineProperty(gpu, 'createCommandEncoder', {
    value: (descriptor?: GPUCommandEncoderDescriptor) =>
      Object.defineProperty(create(descriptor), 'clearBuffer', { value: () => undefined }),
  });
}

describe('a device lost while it works', () => {
  it.each([
    ['training', (engine: GpuEngine) => engine.run(30)],
    ['evaluating', (engine: GpuEngine) => engine.evaluate(test)],
    ['predicting', (engine: GpuEngine) => engine.predict(test)],
    ['reading parameters', (engine: GpuEngine) => engine.readParameters()],
    ['loading', (engine: GpuEngine) => engine.load(test)],
  ])('ends %s in a DeviceLostError, and everything after it too', async (_, work) => {
    for (const stream of [false, true]) {
      const device = await Device.request({ gpu: await testGpu() });
      const engine = await startedEngine(device, stream);
      const pending = rejectionOf(work(engine));
      device.gpu.destroy();
      const error = await pending;
      expect(error).toBeInstanceOf(DeviceLostError);
      expect((error as DeviceLostError).reason).toBe('destroyed');
      expect((error as Error).message).toMatch(/lost .*request a new device/i);
      expect(await rejectionOf(engine.readParameters())).toBeInstanceOf(DeviceLostError);
      await engine.dispose();
      expect(device.liveBuffers).toBe(0);
    }
  });

  it('ends the training loop in it', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const trainer = await Trainer.create(network, {
      ...{ ...how, backend: 'webgpu', device },
      onDeviceLost: 'throw',
    });
    const loop = async () => {
      for await (const { step } of trainer.fit(training, { epochs: 10, reportEvery: 5 })) {
        if (step >= 10) device.gpu.destroy();
      }
    };
    expect(await rejectionOf(loop())).toBeInstanceOf(DeviceLostError);
    await trainer.dispose();
  });
});

describe('a device that stops answering', () => {
  it('counts as lost after the time limit of 5 s', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const engine = await startedEngine(device);
    // A promise that never settles, as a driver that hangs leaves it.
    const never = new Promise<undefined>(() => undefined);
    Object.defineProperty(device.gpu.queue, 'onSubmittedWorkDone', { value: () => never });
    const error = await rejectionOf(engine.run(30));
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as DeviceLostError).reason).toBe('timeout');
    expect((error as Error).message).toContain('finished nothing for 5000 ms while training');
    await engine.dispose();
    device.destroy();
  });
});

describe('a device that is slow', () => {
  const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('is waited for as long as the work is known to take', async () => {
    const device = await Device.request({ gpu: await testGpu(), timeoutMs: 100 });
    await device.guard('a long step', after(300), 10_000);
    await device.finish('a long step', after(300), 10_000);
    expect(await rejectionOf(device.finish('a step', after(300)))).toBeInstanceOf(DeviceLostError);
    device.destroy();
  });

  it('and counts as lost is destroyed once it has finished, because destroy() waits in Node', async () => {
    const device = await Device.request({ gpu: await testGpu(), timeoutMs: 100 });
    let finish!: (value: undefined) => void;
    const finished = new Promise<undefined>((resolve) => (finish = resolve));
    const destroy = vi.spyOn(device.gpu, 'destroy');
    Object.defineProperty(device.gpu.queue, 'onSubmittedWorkDone', { value: () => finished });
    await rejectionOf(device.finish('a step', finished));
    device.destroy();
    expect(destroy).not.toHaveBeenCalled();
    expect(await rejectionOf(device.guard('more', finished))).toBeInstanceOf(DeviceLostError);
    finish(undefined);
    await vi.waitFor(() => expect(destroy).toHaveBeenCalled());
  });
});

it('a software adapter that compiles at the first dispatch is waited for longer', () => {
  const adapter = (description: string, subgroupSize: number, isSoftware = true) =>
    defaultTimeoutMs({ vendor: '', architecture: '', description, isSoftware, subgroupSize });
  expect(adapter('llvmpipe', 8)).toBe(60_000);
  // As Firefox shows lavapipe.
  expect(adapter('', 0)).toBe(60_000);
  expect(adapter('SwiftShader', 4)).toBe(5000);
  expect(adapter('a GPU', 32, false)).toBe(5000);
});

describe('results that the GPU never wrote', () => {
  it('are not taken for results when commands are dropped quietly', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const engine = await startedEngine(device);
    Object.defineProperty(device.gpu.queue, 'submit', { value: () => undefined });
    const error = await rejectionOf(engine.run(5));
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as Error).message).toMatch(/the GPU never wrote/);
    await engine.dispose();
    device.destroy();
  });

  it('are not taken for results when any one submit of a run is dropped', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const engine = await startedEngine(device);
    const { queue } = device.gpu;
    const submit = queue.submit.bind(queue);
    const steps = vi.spyOn(Pacer.prototype, 'steps', 'get').mockReturnValue(4);
    let before = Infinity;
    Object.defineProperty(queue, 'submit', {
      value: (buffers: GPUCommandBuffer[]) => {
        if (buffers.length === 0 || before-- !== 0) submit(buffers);
      },
    });
    let dropped = 0;
    for (;;) {
      engine.beginEpoch(fileOrder(training.sampleCount), new TrainingCursor());
      before = dropped;
      const outcome = await engine.run(12).catch((error: unknown) => error);
      if (before >= 0) break;
      expect(outcome).toBeInstanceOf(DeviceLostError);
      dropped++;
    }
    // Steps in three submits, and the copy of their metrics.
    expect(dropped).toBe(4);
    steps.mockRestore();
    await engine.dispose();
    device.destroy();
  });

  it('are not taken for results when steps are dropped and copies are not', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const engine = await startedEngine(device);
    const { queue } = device.gpu;
    const submit = queue.submit.bind(queue);
    Object.defineProperty(queue, 'submit', {
      value: (buffers: GPUCommandBuffer[]) => {
        if (buffers.every(({ label }) => label !== 'steps')) submit(buffers);
      },
    });
    const error = await rejectionOf(engine.run(5));
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as Error).message).toContain('counted to step 0, but 5 were submitted');
    await engine.dispose();
    device.destroy();
  });
});

describe('work that the GPU refuses', () => {
  const refused = new DOMException('refused', 'OperationError');
  it.each<[string, (engine: GpuEngine) => Promise<unknown>]>([
    ['reading the metrics of training', (engine) => engine.run(2)],
    ['reading an evaluation', (engine) => engine.evaluate(test)],
    ['reading parameters', (engine) => engine.readParameters()],
  ])('ends in a typed error: %s', async (what, work) => {
    const device = await Device.request({ gpu: await testGpu() });
    const create = device.gpu.createBuffer.bind(device.gpu);
    Object.defineProperty(device.gpu, 'createBuffer', {
      value: (descriptor: GPUBufferDescriptor) =>
        Object.defineProperty(create(descriptor), 'mapAsync', {
          value: () => Promise.reject(refused),
        }),
    });
    const engine = await startedEngine(device);
    const error = await rejectionOf(work(engine));
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as DeviceLostError).reason).toBe('unknown');
    expect((error as Error).message).toContain(`The GPU failed while ${what} (refused).`);
    expect((error as Error).cause).toBe(refused);
    await engine.dispose();
    device.destroy();
  });

  it('because of dispose() ends in a DisposedError', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const data = await device.createBuffers('data', [['data', 16]]);
    const readback = await Readback.create(device, 'data', 16, 1);
    const { bytes } = await readback.read('data', [{ buffer: data.get('data')!, size: 16 }]);
    const pending = rejectionOf(bytes);
    readback.dispose();
    expect(await pending).toBeInstanceOf(DisposedError);
    device.destroy();
  });
});

describe('sums that the GPU did not clear', () => {
  const twice = async (work: () => Promise<unknown>) => {
    await work();
    return await work();
  };
  it.each<[string, (engine: GpuEngine) => Promise<unknown>]>([
    ['training', (engine) => engine.run(2)],
    ['evaluating', (engine) => engine.evaluate(test)],
    ['explaining', (engine) => engine.explain(test, Uint32Array.of(3))],
  ])('are not counted twice: %s', async (_, work) => {
    const device = await Device.request({ gpu: await testGpu() });
    const engine = await startedEngine(device);
    dropClears(device);
    const error = await rejectionOf(twice(() => work(engine)));
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as Error).message).toContain('sums that the GPU did not clear');
    await engine.dispose();
    device.destroy();
  });

  it('are not counted twice: a sweep', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const { optimizer, ...sizes } = how;
    const members = [{ seed: 1, optimizer }];
    const sweep = await Sweep.create({
      network: { layers: [784, 4, 10] },
      members,
      device,
      ...sizes,
    });
    dropClears(device);
    const error = await rejectionOf(twice(() => sweep.evaluate(test)));
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as Error).message).toContain('sums that the GPU did not clear');
    await sweep.dispose();
    device.destroy();
  });

  it('do not hinder an evaluation after a prediction, which sums too', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const engine = await startedEngine(device);
    const before = await engine.evaluate(test);
    await engine.predict(test);
    expect(await engine.evaluate(test)).toEqual(before);
    await engine.dispose();
    device.destroy();
  });
});

it('an evaluation that does not count every sample once is not taken for a result', async () => {
  const { gpu } = breakGpu(await testGpu(), (code) =>
    code.replace('predictionOf(base)], 1u)', 'predictionOf(base)], 2u)'),
  );
  const device = await Device.request({ gpu });
  const engine = await GpuEngine.create(device, options);
  const error = await rejectionOf(engine.evaluate(test));
  expect(error).toBeInstanceOf(DeviceLostError);
  expect((error as Error).message).toContain(
    'the GPU counted 1000 samples, but the dataset has 500',
  );
  await engine.dispose();
  device.destroy();
});

describe('the limits of a device', () => {
  it('a layer larger than its limits is refused with both numbers before anything is made', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const limit = device.limit('maxStorageBufferBindingSize');
    const tooMany = Math.ceil(limit / 16) + 1;
    const error = await rejectionOf(GpuEngine.create(device, { ...options, batchSize: tooMany }));
    expect(error).toBeInstanceOf(LimitError);
    expect((error as Error).message).toMatch(
      new RegExp(`needs \\d+ bytes, but .* allows ${limit}`),
    );
    expect(device.liveBuffers).toBe(0);
    device.destroy();
  });

  it('a driver that never gives an adapter or a device is a NoAdapterError', async () => {
    const never = new Promise<never>(() => undefined);
    const real = await testGpu();
    const adapter = (await real.requestAdapter())!;
    Object.defineProperty(adapter, 'requestDevice', { value: () => never });
    for (const answer of [never, Promise.resolve(adapter)]) {
      const gpu = { requestAdapter: () => answer } as unknown as GPU;
      const error = await rejectionOf(Device.request({ gpu, timeoutMs: 100 }));
      expect(error).toBeInstanceOf(NoAdapterError);
      expect((error as Error).message).toMatch(/finished nothing for 100 ms .*backend 'cpu'/);
      expect((error as Error).cause).toBeInstanceOf(DeviceLostError);
    }
  });

  it('the time limit of a trainer or a sweep is that of its device', async () => {
    const gpu = { requestAdapter: () => new Promise<never>(() => undefined) } as unknown as GPU;
    const { optimizer, ...sizes } = how;
    const limited = { ...sizes, gpu, timeoutMs: 100 };
    for (const create of [
      () => Trainer.create(network, { ...limited, optimizer, backend: 'webgpu' }),
      () =>
        Sweep.create({
          ...limited,
          network: { layers: [784, 4, 10] },
          members: [{ seed: 1, optimizer }],
        }),
    ]) {
      const error = await rejectionOf(create());
      expect(error).toBeInstanceOf(NoAdapterError);
      expect((error as Error).message).toContain('finished nothing for 100 ms');
    }
    const trainer = await Trainer.create(network, { ...limited, optimizer, threads: 0 });
    expect(trainer.choice).toContain('finished nothing for 100 ms');
    await trainer.dispose();
  });

  it('there being no adapter is a NoAdapterError that says what to do', async () => {
    const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    const error = await rejectionOf(Device.request({ gpu }));
    expect(error).toBeInstanceOf(NoAdapterError);
    expect((error as Error).message).toContain("backend 'cpu'");
  });

  it('use after destroy() or dispose() is a DisposedError', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    const engine = await startedEngine(device);
    await engine.dispose();
    await engine.dispose();
    expect(await rejectionOf(engine.run(1))).toBeInstanceOf(DisposedError);
    device.destroy();
    device.destroy();
    expect(await rejectionOf(GpuEngine.create(device, options))).toBeInstanceOf(DisposedError);
  });
});
