import { afterEach, describe, expect, it, vi } from 'vitest';

import { digits } from '../../src/data/digits/digits.ts';
import { NonFiniteError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';
import { failureOf } from '../support/failure.ts';

const { training, test } = digits({ trainingCount: 3050, testCount: 300 });
const network = new Network({ layers: [784, 20, 10] });
const options = { batchSize: 100, optimizer: sgd({ learningRate: 2 }) };

afterEach(() => {
  vi.restoreAllMocks();
});

it('CPU and GPU trainers are interchangeable: the same reports, evaluations and parameters', async () => {
  const gpu = await testGpu();
  const results = [];
  for (const backend of ['webgpu', 'cpu'] as const) {
    const trainer = await Trainer.create(network, { ...options, backend, gpu });
    const reports = [];
    for await (const report of trainer.fit(training, { epochs: 2, reportEvery: 10 })) {
      reports.push(report);
    }
    const { parameters } = await trainer.network();
    results.push({ reports, evaluation: await trainer.evaluate(test), parameters });
    await trainer.dispose();
  }
  const [onGpu, onCpu] = results;
  expect(onGpu!.reports.length).toBe(8);
  onGpu!.reports.forEach((report, i) => {
    const other = onCpu!.reports[i]!;
    expect([report.epoch, report.step, report.endOfEpoch]).toEqual([
      other.epoch,
      other.step,
      other.endOfEpoch,
    ]);
    expect(report.cost).toBeCloseTo(other.cost, 4);
  });
  expect(onGpu!.evaluation.cost).toBeCloseTo(onCpu!.evaluation.cost, 4);
  const worst = onCpu!.parameters.reduce(
    (max, value, i) => Math.max(max, Math.abs(value - onGpu!.parameters[i]!)),
    0,
  );
  expect(worst).toBeLessThan(1e-4);
});

describe.each(['webgpu', 'cpu'] as const)(
  'a value that is not finite is never a result: %s',
  (backend) => {
    const small = new Network({ layers: [784, 8, 10], activation: 'relu', output: 'linear' });
    const create = async (of: Network, learningRate: number) =>
      await Trainer.create(of, {
        ...{ backend, batchSize: 100, optimizer: sgd({ learningRate }) },
        ...(backend === 'webgpu' && { gpu: await testGpu() }),
      });

    it('with finite parameters whose activations overflow', async () => {
      const trainer = await create(small.withParameters(small.parameters.map(() => 3e38)), 1);
      const cost = await failureOf(trainer.evaluate(test), NonFiniteError);
      expect(cost.message).toMatch(
        /^The cost on dataset '.*' is (NaN|Infinity): the parameters of this network are too large for float32\./,
      );
      const outputs = await failureOf(trainer.predict(test), NonFiniteError);
      expect(outputs.message).toMatch(/^Output 0 for sample 0 of dataset '.*' is (NaN|Infinity): /);
      await trainer.dispose();
    });

    it('after a last step that was fine, though what it made is not', async () => {
      const trainer = await create(small, 1e20);
      for await (const { cost } of trainer.fit(training, { steps: 1 })) {
        expect(cost).toBeLessThan(Infinity);
      }
      const { message } = await failureOf(trainer.evaluate(test), NonFiniteError);
      expect(message).toMatch(
        /^The cost on dataset '.*' is (NaN|Infinity) after step 1, with learning rate 100000000000000000000: /,
      );
      await failureOf(trainer.predict(test), NonFiniteError);
      await trainer.dispose();
    });

    it('in a last step whose parameters are beyond float32', async () => {
      const trainer = await create(small, 3e38);
      const fit = async () => {
        for await (const { step } of trainer.fit(training, { steps: 1 })) expect(step).toBe(0);
      };
      const error = await failureOf(fit(), NonFiniteError);
      expect(error.message).toMatch(/^The update of layer \d \(\d+→\d+\) is not finite at step 1 /);
      expect(await failureOf(trainer.network(), NonFiniteError)).toBe(error);
      await trainer.dispose();
    });
  },
);

it('a fit that begins during prepare trains, and prepare succeeds', async () => {
  const trainer = await Trainer.create(network, {
    ...{ ...options, backend: 'webgpu' },
    gpu: await testGpu(),
  });
  const preparing = trainer.prepare(training);
  for await (const { step } of trainer.fit(training, { steps: 1 })) expect(step).toBe(1);
  await preparing;
  expect(trainer.preparation!.uploadSeconds).toBeGreaterThan(0);
  await trainer.dispose();
});

it('a report carries GPU seconds exactly where the device can measure them', async () => {
  const device = await Device.request({ gpu: await testGpu() });
  const trainer = await Trainer.create(network, { ...options, backend: 'webgpu', device });
  for await (const { gpuSeconds } of trainer.fit(training, { epochs: 1 })) {
    if (device.hasTimestamps) expect(gpuSeconds).toBeGreaterThan(0);
    else expect(gpuSeconds).toBeUndefined();
  }
  await trainer.dispose();
  expect(device.liveBuffers).toBe(0);
  device.destroy();
});

const bothRates = /^(webgpu|cpu): \d+ \(.*\) steps\/s on .*, \d+ \(.*\) on the CPU \(.*\)/;

it("'auto' tries a GPU in hardware beside the CPU, and frees what it tried", async () => {
  const device = await Device.request({ gpu: await testGpu() });
  Object.defineProperty(device, 'adapter', { value: { ...device.adapter, isSoftware: false } });
  // A small one: what is made for GPUs in hardware is slow in software.
  const small = new Network({ layers: [8, 4, 3] });
  const trainer = await Trainer.create(small, { ...options, batchSize: 4, device });
  expect(trainer.choice).toMatch(bothRates);
  expect(trainer.choice).toMatch(new RegExp(`^${trainer.backend}: `));
  // Trials leave no trace.
  expect((await trainer.network()).parameters).toEqual(small.parameters);
  await trainer.dispose();
  expect(device.liveBuffers).toBe(0);
  device.destroy();
});

it("'auto' takes a GPU in hardware untried where the CPU has only the float64 reference", async () => {
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
  const device = await Device.request({ gpu: await testGpu() });
  Object.defineProperty(device, 'adapter', { value: { ...device.adapter, isSoftware: false } });
  const trainer = await Trainer.create(network, { ...options, device });
  expect(trainer.choice).toBe(
    'webgpu: the CPU has only the float64 reference, in the calling thread (this runtime has no WebAssembly with SIMD)',
  );
  await trainer.dispose();
  expect(device.liveBuffers).toBe(0);
  device.destroy();
});

it("'auto' never takes a software adapter, and frees what it tried", async () => {
  const device = await Device.request({ gpu: await testGpu() });
  const trainer = await Trainer.create(network, { ...options, backend: 'auto', device });
  if (device.adapter.isSoftware) {
    expect(trainer.backend).toBe('cpu');
    expect(trainer.choice).toMatch(/^cpu: the only adapter is .*\(software\)$/);
  } else {
    expect(trainer.choice).toMatch(bothRates);
  }
  await trainer.dispose();
  expect(device.liveBuffers).toBe(0);
  device.destroy();
});
