import { afterAll, beforeAll, expect, it } from 'vitest';

import { checkExplanation } from '../../src/benchmark/verification/explanation.ts';
import { shuffledOrder } from '../../src/data/shuffle.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Device } from '../../src/gpu/device.ts';
import type { Plan } from '../../src/gpu/plan/plan.ts';
import { Network } from '../../src/network/network.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';
import { describeExplaining, fit, training, type CreateTrainer } from '../support/explaining.ts';
import { describeSnapshots } from '../support/snapshots.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => {
  device.destroy();
});

const create: CreateTrainer = (network, options) =>
  Trainer.create(network, { ...options, backend: 'webgpu', device });

describeExplaining('webgpu', create);
describeSnapshots('webgpu', create);

const network = new Network({ layers: [784, 16, 16, 10], initializer: 'normal' });
const options = { batchSize: 32, optimizer: sgd({ learningRate: 1, momentum: 0.5 }), seed: 3 };

it('the gradient of a mini-batch has the bits that a training step takes', async () => {
  const trainer = await create(network, options);
  const batch = shuffledOrder(options.seed, 0, training.sampleCount).subarray(0, 32);
  const { gradient } = await trainer.explainBatch(training, batch);
  await fit(trainer, { steps: 1 });
  // After the first step with momentum, the velocity is the gradient.
  const { moments } = await trainer.snapshot();
  expect(Float64Array.from(moments[0]!)).toEqual(gradient);
  await trainer.dispose();
});

it('agrees with float64 by a plan in which every layer has kernels of its own', async () => {
  const fused = await create(network, options);
  const { batchSize, layers, stepsPerSubmit } = fused.exactPlan as Plan;
  await fused.dispose();
  const plan = { batchSize, layers, stepsPerSubmit };
  const trainer = await Trainer.create(network, { ...options, backend: 'webgpu', device, plan });
  const explanation = await trainer.explain(training, 3);
  expect(checkExplanation(network, explanation)).toBeLessThanOrEqual(1);
  await trainer.dispose();
});

it('training moves from the CPU to the GPU in a snapshot', async () => {
  const onCpu = await Trainer.create(network, { ...options, backend: 'cpu' });
  await fit(onCpu, { steps: 5 });
  const snapshot = await onCpu.snapshot();
  await onCpu.dispose();
  const trainer = await create(network, options);
  await trainer.restore(snapshot);
  expect(await trainer.snapshot()).toEqual(snapshot);
  const explanation = await trainer.explain(training, 1);
  expect(explanation.step).toBe(5);
  expect(checkExplanation(network, explanation)).toBeLessThanOrEqual(1);
  await trainer.dispose();
});

it('leaves no buffer on the device', () => {
  expect(device.liveBuffers).toBe(0);
});
