/**
 * What training costs the thread that asks for it, apart from the GPU's work: recording and submitting steps, with
 * the engine's own functions. The same in Node and in a page.
 *
 * Each time is the least of many, since noise only ever adds. What a submit costs and what a step costs come from
 * submits of two sizes; the whole is timed as a whole, as many steps as `Trainer` makes between two reports, in one submit
 * as GPUs have them that are so fast that the host counts, and the report.
 */
import { digits } from '../../src/data/digits/digits.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { Device } from '../../src/gpu/device.ts';
import { Pacer } from '../../src/gpu/pacer.ts';
import { parameterBuffers } from '../../src/gpu/parameterStore.ts';
import { choosePlan } from '../../src/gpu/plan/choose.ts';
import { Program } from '../../src/gpu/program.ts';
import { optimizerScalarsOf } from '../../src/gpu/optimizerScalars.ts';
import { Readback } from '../../src/gpu/readback.ts';
import { submitSteps } from '../../src/gpu/run.ts';
import { createSource } from '../../src/gpu/source.ts';
import { trainingBuffers, trainingStep } from '../../src/gpu/step.ts';
import { Network } from '../../src/network/network.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { defaultReportEvery } from '../../src/training/trainer.ts';

export interface HostCost {
  readonly adapter: string;
  readonly dispatchesPerStep: number;
  /** Seconds. */
  readonly perStep: number;
  /** Seconds, beside its steps. */
  readonly perSubmit: number;
  /** Seconds to queue the copy of a report's metrics, without waiting for them. */
  readonly perReport: number;
  /** Seconds of a step where `defaultReportEvery` of them are submitted at once, with a report behind: all in all. */
  readonly total: number;
}

const batchSize = 100;
const manySteps = 64;
const rounds = 30;

/** Of `tiny`, 784-16-16-10. */
export async function measureHost(gpu?: GPU): Promise<HostCost> {
  const device = await Device.request({ ...(gpu && { gpu }), timeoutMs: 60_000 });
  const network = new Network({ layers: [784, 16, 16, 10] });
  const optimizer = sgd({ learningRate: 1e-6 });
  const plan = choosePlan(network, batchSize, device.adapter);
  const kernels = trainingStep(network, plan, optimizer);
  const sizes = trainingBuffers(network, plan.batchSize);
  const { training } = digits({ trainingCount: 10 * batchSize, testCount: 1 });
  const source = await createSource(device, training, batchSize, false, {
    optimizerScalarsOf: optimizerScalarsOf(optimizer),
    layerCount: plan.layers.length,
  });
  source.begin(fileOrder(training.sampleCount), new TrainingCursor());
  const made = await device.createBuffers('benchmark buffers', [
    ...sizes,
    ...parameterBuffers(network, optimizer, false).map(({ name, size }) => [name, size] as const),
  ]);
  const program = await Program.create(device, kernels, new Map([...made, ...source.buffers]));
  const readback = await Readback.create(device, 'metrics', made.get('metrics')!.size, 4);

  const metrics = made.get('metrics')!;
  const ranges = [{ buffer: metrics, size: metrics.size }];
  /** Least seconds of the host for a submit of so many steps, and a report if there is to be one. */
  const submit = async (steps: number, withReport = false): Promise<number> => {
    let min = Infinity;
    for (let round = 0; round < rounds; round++) {
      // The GPU is idle before, and waited for afterwards.
      const pacer = new Pacer(device, steps);
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

  source.dispose();
  readback.dispose();
  device.release(made.values());
  const { description } = device.adapter;
  device.destroy();
  return {
    adapter: description,
    dispatchesPerStep: program.dispatchCount,
    perStep,
    perSubmit,
    perReport,
    total,
  };
}
