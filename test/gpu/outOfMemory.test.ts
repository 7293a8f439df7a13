/** Every allocation of an engine's life fails once, and must leave nothing behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { digits } from '../../src/data/digits/digits.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { OutOfMemoryError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { GpuEngine } from '../../src/gpu/engine.ts';
import { Network } from '../../src/network/network.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { testGpu } from '../setup/adapter.ts';
import { rejectionOf } from '../support/failure.ts';

let device: Device;
/** How many error scopes for memory are still to be popped before one that reports an error; 0 for none. */
let failAfter = 0;

beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
  const { gpu } = device;
  const scopes: GPUErrorFilter[] = [];
  const push = gpu.pushErrorScope.bind(gpu);
  const pop = gpu.popErrorScope.bind(gpu);
  Object.defineProperty(gpu, 'pushErrorScope', {
    value: (filter: GPUErrorFilter) => {
      scopes.push(filter);
      push(filter);
    },
  });
  Object.defineProperty(gpu, 'popErrorScope', {
    value: async () => {
      const isTurn = scopes.pop() === 'out-of-memory' && failAfter > 0 && --failAfter === 0;
      const error = await pop();
      return isTurn ? new GPUOutOfMemoryError('made up by a test') : error;
    },
  });
});
afterAll(() => device.destroy());

const { training, test } = digits({ trainingCount: 20, testCount: 10 });
const network = new Network({ layers: [784, 3, 10] });
const optimizer = sgd({ learningRate: 1, momentum: 0.5 });

/** Everything that allocates. */
async function live(stream: boolean): Promise<void> {
  const engine = await GpuEngine.create(device, { network, optimizer, batchSize: 7, stream });
  try {
    await engine.load(training);
    // The kernels that stay allocate too, and would otherwise arrive when the engine is gone.
    await engine.settle();
    engine.beginEpoch(fileOrder(training.sampleCount), new TrainingCursor());
    await engine.run(1);
    await engine.evaluate(test);
  } finally {
    await engine.dispose();
  }
}

describe('a device out of memory', () => {
  it.each([false, true])(
    'ends each allocation in an OutOfMemoryError and leaves no buffer behind (streamed: %s)',
    async (stream) => {
      let failures = 0;
      for (let k = 1; ; k++) {
        failAfter = k;
        const error = await live(stream).catch((reason: unknown) => reason);
        expect(device.liveBuffers, `after allocation ${k} failed`).toBe(0);
        if (failAfter > 0) break;
        expect(error).toBeInstanceOf(OutOfMemoryError);
        expect((error as Error).message).toMatch(/^Could not create .*out of memory.*smaller/);
        failures++;
      }
      failAfter = 0;
      // parameters and their staging, mini-batch, metrics; then data and bind groups, to train and to evaluate
      expect(failures).toBeGreaterThanOrEqual(9);
    },
  );

  it('leaves an engine of use when a dataset was too much for it', async () => {
    const engine = await GpuEngine.create(device, { network, optimizer, batchSize: 7 });
    await engine.load(training);
    for (const work of [() => engine.load(test), () => engine.evaluate(test)]) {
      failAfter = 1;
      expect(await rejectionOf(work())).toBeInstanceOf(OutOfMemoryError);
    }
    await engine.load(training);
    engine.beginEpoch(fileOrder(training.sampleCount), new TrainingCursor());
    expect((await engine.run(3)).samples).toBe(20);
    expect((await engine.evaluate(test)).confusion.flat().reduce((sum, n) => sum + n)).toBe(10);
    await engine.dispose();
    expect(device.liveBuffers).toBe(0);
  });
});
