import { describe, expect, it, type TestContext } from 'vitest';

import type { Dataset } from '../../src/data/dataset.ts';
import { digits } from '../../src/data/digits/digits.ts';
import type { TrainingAndTest } from '../../src/data/mnist.ts';
import { Network } from '../../src/network/network.ts';
import { presets, type PresetName } from '../../src/network/presets.ts';
import { findMnistFolder, loadMnist } from '../../src/node/mnist.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import type { FitOptions } from '../../src/training/loop.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';

/** The real files; without them the test is skipped, and the run's summary says so. */
async function realMnist(context: TestContext): Promise<TrainingAndTest> {
  const folder = await findMnistFolder();
  return folder === undefined
    ? context.skip('MNIST is neither in MNIST_DIR nor in data/mnist')
    : await loadMnist(folder);
}

/** Test accuracy of a preset after some training. */
async function accuracyAfter(
  backend: 'webgpu' | 'cpu',
  name: PresetName,
  length: FitOptions,
  training: Dataset,
  test: Dataset,
): Promise<number> {
  const { network, batchSize, ...optimizer } = presets[name];
  const trainer = await Trainer.create(new Network(network), {
    backend,
    ...(backend === 'webgpu' && { gpu: await testGpu() }),
    batchSize,
    optimizer: sgd(optimizer),
  });
  for await (const { cost } of trainer.fit(training, length)) expect(cost).toBeLessThan(10);
  const { accuracy } = await trainer.evaluate(test);
  await trainer.dispose();
  return accuracy;
}

describe('on the real MNIST', { timeout: 300_000 }, () => {
  it.for([
    ['lecture', 15, 0.92],
    ['modern', 6, 0.97],
  ] as const)(
    'cpu: %s reads, after %i epochs, at least %d of the test set',
    async ([name, epochs, min], context) => {
      const { training, test } = await realMnist(context);
      const accuracy = await accuracyAfter('cpu', name, { epochs }, training, test);
      expect(accuracy).toBeGreaterThanOrEqual(min);
      // A perfect score is a leak of the test set, not a triumph.
      expect(accuracy).toBeLessThan(0.99);
    },
  );

  // A software adapter takes ten times as long as the CPU engine, which the longer trainings are left to.
  it.for([
    ['lecture', 600, 0.86],
    ['modern', 120, 0.9],
  ] as const)(
    'webgpu: %s reads, after %i steps, at least %d of the test set, and as much as on the cpu',
    async ([name, steps, min], context) => {
      const { training, test } = await realMnist(context);
      const accuracy = await accuracyAfter('webgpu', name, { steps }, training, test);
      expect(accuracy).toBeGreaterThanOrEqual(min);
      // Rounded in another order, the same training takes another backend on few of 10,000 images.
      const onCpu = await accuracyAfter('cpu', name, { steps }, training, test);
      expect(Math.abs(accuracy - onCpu)).toBeLessThanOrEqual(0.002);
    },
  );

  it('modern, trained on the generated digits alone, reads at least 0.9 of the test set', async (context) => {
    const { test } = await realMnist(context);
    const accuracy = await accuracyAfter('cpu', 'modern', { epochs: 1 }, digits().training, test);
    expect(accuracy).toBeGreaterThanOrEqual(0.9);
  });
});
