/**
 * The cost of training for the thread that asks for it, apart from the GPU's work: recording and submitting steps with the
 * engine's own functions. Runs in Node and in a page.
 *
 * Each time is the least of many, because other programs only ever add time. Submits of two sizes give the cost of a submit and of
 * a step. The total is measured directly: one submit with as many steps as `Trainer` makes between two reports, and the report.
 */
import { fileOrder } from '../../src/data/shuffle.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { adapterName } from '../../src/gpu/adapter.ts';
import { Device } from '../../src/gpu/device.ts';
import { Pacer } from '../../src/gpu/pacer.ts';
import { choosePlan } from '../../src/gpu/plan/choose.ts';
import { stepOperations } from '../../src/gpu/plan/plan.ts';
import { Program } from '../../src/gpu/program.ts';
import { Readback } from '../../src/gpu/readback.ts';
import { submitSteps } from '../../src/gpu/run.ts';
import { trainingStep } from '../../src/gpu/step.ts';
import { Network } from '../../src/network/network.ts';
import { defaultReportEvery } from '../../src/training/trainer.ts';
import { createStepBuffers } from '../stepBuffers.ts';

/** Times are in seconds. */
export interface HostCost {
  readonly adapter: string;
  readonly dispatchesPerStep: number;
  readonly perStep: number;
  /** Apart from its steps. */
  readonly perSubmit: number;
  /** To queue the copy of a report's metrics, without waiting for them. */
  readonly perReport: number;
  /** Per step, where `defaultReportEvery` steps and their report are submitted at once. */
  readonly total: number;
}

const batchSize = 100;
const manySteps = 64;
const rounds = 30;

/** Measures `tiny`, 784-16-16-10. */
export async function measureHost(gpu?: GPU): Promise<HostCost> {
  const device = await Device.request({ ...(gpu && { gpu }), timeoutMs: 60_000 });
  const network = new Network({ layers: [784, 16, 16, 10] });
  const optimizer = sgd({ learningRate: 1e-6 });
  const plan = choosePlan(network, batchSize, device.adapter);
  const made = await createStepBuffers(device, network, batchSize, optimizer);
  const { source, buffers } = made;
  source.begin(fileOrder(10 * batchSize), new TrainingCursor());
  const program = await Program.create(device, trainingStep(network, plan, optimizer), buffers);
  const metrics = buffers.get('metrics')!;
  const readback = await Readback.create(device, 'metrics', metrics.size, 4);
  const ranges = [{ buffer: metrics, size: metrics.size }];

  /** Least seconds of the host for a submit of `steps` steps, with a report or without. */
  const submit = async (steps: number, withReport = false): Promise<number> => {
    let min = Infinity;
    for (let round = 0; round < rounds; round++) {
      const pacer = new Pacer(device, steps, stepOperations(network.layers, batchSize));
      // The GPU is idle from here on, so that the submit does not wait for it.
      await pacer.ready();
      const start = performance.now();
      await submitSteps(device, { program, source, pacer }, steps, {});
      const bytes = withReport ? (await readback.read('metrics', ranges)).bytes : undefined;
      min = Math.min(min, performance.now() - start);
      await device.guard('a benchmark', device.gpu.queue.onSubmittedWorkDone());
      await bytes;
    }
    return min / 1000;
  };
  const few = await submit(1);
  const many = await submit(manySteps);
  const perStep = (many - few) / (manySteps - 1);
  const perSubmit = few - perStep;

  let perReport = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const { bytes } = await readback.read('metrics', ranges);
    perReport = Math.min(perReport, (performance.now() - start) / 1000);
    await bytes;
  }
  const total = (await submit(defaultReportEvery, true)) / defaultReportEvery;

  readback.dispose();
  made.dispose();
  const adapter = adapterName(device.adapter);
  device.destroy();
  const dispatchesPerStep = program.dispatchCount;
  return { adapter, dispatchesPerStep, perStep, perSubmit, perReport, total };
}
