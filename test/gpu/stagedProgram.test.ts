/** The way from the kernels of the first steps to those that stay. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import type { Kernel } from '../../shaders/kernel.ts';
import { sameBits, trainGpu } from '../../src/benchmark/verification/trajectories.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { ShaderError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { GpuEngine } from '../../src/gpu/engine.ts';
import { choosePlan } from '../../src/gpu/plan/choose.ts';
import { quickPlan } from '../../src/gpu/software/quickPlan.ts';
import { StagedProgram } from '../../src/gpu/stagedProgram.ts';
import { trainingStep } from '../../src/gpu/step.ts';
import { Network } from '../../src/network/network.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { testGpu } from '../setup/adapter.ts';
import { failureOf } from '../support/failure.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

let device: Device;
/** Labels of the pipelines made since the test began. */
let compiled: string[] = [];
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
  const create = device.gpu.createComputePipelineAsync.bind(device.gpu);
  vi.spyOn(device.gpu, 'createComputePipelineAsync').mockImplementation((descriptor) => {
    compiled.push(descriptor.label!);
    return create(descriptor);
  });
});
beforeEach(() => {
  compiled = [];
});
afterAll(() => device.destroy());

const network = new Network({ layers: [60, 16, 10], seed: 1 });
const data = randomDataset(testRandom(42), 400, 60, 10);
const options = { network, batchSize: 20, optimizer: sgd({ learningRate: 0.5 }) };

/** SwiftShader's plan and its quick one, where this adapter has one. */
function kernels() {
  const plan = choosePlan(network, options.batchSize, device.adapter);
  const quick = quickPlan(plan, network, device.adapter);
  const labels = (of: typeof plan) =>
    trainingStep(network, of, options.optimizer).kernels.map(({ label }) => label);
  return { fast: labels(plan), quick: quick && labels(quick) };
}

it('the first steps are made in quick kernels, later ones in fast ones, and the bits are the same', async () => {
  const { fast, quick } = kernels();
  const engine = await GpuEngine.create(device, options);
  await engine.load(data);
  expect(compiled).toEqual(quick ?? fast);
  expect(engine.dispatchesPerStep).toBe(fast.length);
  engine.beginEpoch(fileOrder(data.sampleCount), new TrainingCursor());
  for (let step = 0; step < 3; step++) await engine.run(1);
  await engine.settle();
  expect(compiled).toEqual([...(quick ?? []), ...fast]);
  await engine.run(17);
  const parameters = await engine.readParameters();
  await engine.dispose();
  expect(sameBits(parameters, await trainGpu(device, options, data, 20))).toBe(0);
  expect(device.liveBuffers).toBe(0);
});

it('fast kernels are compiled without being asked for, once the first steps are made', async () => {
  const { fast, quick } = kernels();
  const engine = await GpuEngine.create(device, options);
  await engine.load(data);
  engine.beginEpoch(fileOrder(data.sampleCount), new TrainingCursor());
  await engine.run(1);
  await vi.waitFor(() => expect(compiled).toEqual([...(quick ?? []), ...fast]));
  await engine.dispose();
  expect(device.liveBuffers).toBe(0);
});

it('an engine that is disposed of before its first step compiles nothing more', async () => {
  const { fast, quick } = kernels();
  const engine = await GpuEngine.create(device, options);
  await engine.load(data);
  await engine.dispose();
  expect(compiled).toEqual(quick ?? fast);
});

it('a fast kernel that is refused ends the training at its next step', async () => {
  const kernel = (code: string): Kernel => ({
    label: code,
    code: `@compute @workgroup_size(1) fn main() { ${code} }`,
    bindings: [],
    workgroups: [1, 1, 1],
  });
  const program = await StagedProgram.create(
    device,
    { quick: [kernel('let good = 1;')], fast: [kernel('let bad = nothing;')] },
    new Map(),
  );
  const encode = () => {
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass, 1);
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
  };
  encode();
  const refusal = await failureOf(program.settle(), ShaderError);
  expect(refusal.message).toContain('nothing');
  expect(encode).toThrow(refusal);
});
