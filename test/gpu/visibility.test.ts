/** The visibility of the page. The option of the device gives it, and every submit depends on it. */
import { afterEach, describe, expect, it, vi } from 'vitest';

import { digits } from '../../src/data/digits/digits.ts';
import { Device, isPageVisible } from '../../src/gpu/device.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Sweep } from '../../src/training/sweep.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';

it('a trainer’s own device asks what the trainer was given before it submits steps', async () => {
  const { training } = digits({ trainingCount: 40, testCount: 1 });
  let asked = 0;
  const trainer = await Trainer.create(new Network({ layers: [784, 4, 10] }), {
    backend: 'webgpu',
    gpu: await testGpu(),
    batchSize: 10,
    optimizer: sgd({ learningRate: 1 }),
    isVisible: () => {
      asked++;
      return true;
    },
  });
  await trainer.prepare(training);
  expect(asked).toBe(0);
  for await (const { step } of trainer.fit(training, { steps: 4, reportEvery: 2 })) {
    expect(asked).toBeGreaterThanOrEqual(step / 2);
  }
  await trainer.dispose();
});

it('a sweep’s own device asks what the sweep was given', async () => {
  const { training } = digits({ trainingCount: 40, testCount: 1 });
  let asked = 0;
  const sweep = await Sweep.create({
    network: { layers: [784, 4, 10] },
    members: [{ seed: 1, optimizer: sgd({ learningRate: 1 }) }],
    gpu: await testGpu(),
    batchSize: 10,
    isVisible: () => {
      asked++;
      return true;
    },
  });
  for await (const { step } of sweep.fit(training, { steps: 4, reportEvery: 2 })) {
    expect(asked).toBeGreaterThanOrEqual(step / 2);
  }
  await sweep.dispose();
});

describe('where nothing is said', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('a Node program has no visible page', async () => {
    const device = await Device.request({ gpu: await testGpu() });
    expect(device.isVisible()).toBe(false);
    device.destroy();
  });

  it.each([
    ['a page in front', { document: { hidden: false } }, true],
    ['a page that is hidden', { document: { hidden: true } }, false],
    ['a worker of a page, which may be in front', { WorkerGlobalScope: vi.fn() }, true],
    ['a worker of Deno', { WorkerGlobalScope: vi.fn(), Deno: {} }, false],
  ])('%s', (_, globals, isVisible) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    expect(isPageVisible()).toBe(isVisible);
  });
});
