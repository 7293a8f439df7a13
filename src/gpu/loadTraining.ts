/** Uploads a training set and prepares its training step. */
import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Device } from './device.ts';
import { Pacer } from './pacer.ts';
import { stepOperations, type Plan } from './plan/plan.ts';
import { optimizerScalarsOf } from './optimizerScalars.ts';
import { createSource, type BatchSource } from './source.ts';
import { Program } from './program.ts';
import { trainingStep } from './step.ts';

/** Objects that live until another training set is loaded. */
export interface LoadedTraining {
  readonly dataset: Dataset;
  readonly source: BatchSource;
  readonly program: Program;
  readonly pacer: Pacer;
  /** Time of the call, from `performance.now()`. */
  readonly askedAt: number;
  /** Resolves to the time when the samples were on the GPU, or to undefined if the device was lost first. */
  readonly uploaded: Promise<number | undefined>;
}

export interface LoadOptions extends EngineOptions {
  readonly plan: Plan;
  /** True streams the samples; false keeps them on the device. */
  readonly stream: boolean;
}

/**
 * @param buffers buffers that the engine owns, by name; the source provides the others
 * @throws {ShaderError | OutOfMemoryError | DeviceLostError} after releasing everything created on the device
 */
export async function loadTraining(
  device: Device,
  { network, optimizer, batchSize, clipNorm, plan, stream }: LoadOptions,
  dataset: Dataset,
  buffers: ReadonlyMap<string, GPUBuffer>,
): Promise<LoadedTraining> {
  const askedAt = performance.now();
  const creating = createSource(device, dataset, batchSize, stream, {
    optimizerScalarsOf: optimizerScalarsOf(optimizer),
    layerCount: plan.layers.length,
  });
  const filling = creating.then((source) => new Map([...source.buffers, ...buffers]));
  const { queue } = device.gpu;
  const uploaded = creating
    .then(() => device.guard('uploading a training set', queue.onSubmittedWorkDone()))
    .then(
      () => performance.now(),
      // The code that awaits the source throws this error.
      () => undefined,
    );
  try {
    const kernels = trainingStep(network, plan, optimizer, clipNorm);
    const program = await Program.create(device, kernels, filling);
    const source = await creating;
    const pacer = new Pacer(device, plan.stepsPerSubmit, stepOperations(network.layers, batchSize));
    return { dataset, source, program, pacer, askedAt, uploaded };
  } catch (error) {
    // If creating the source failed, there is nothing to dispose of.
    await creating.then(
      (source) => source.dispose(),
      () => undefined,
    );
    throw error;
  }
}
