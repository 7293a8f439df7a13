/** Puts a training set on a device, and makes ready what steps through it. */
import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Device } from './device.ts';
import { Pacer } from './pacer.ts';
import type { Plan } from './plan/plan.ts';
import { optimizerScalarsOf } from './optimizerScalars.ts';
import { createSource, type BatchSource } from './source.ts';
import { Program } from './program.ts';
import { trainingStep } from './step.ts';

/** What lives as long as a training set is loaded. */
export interface LoadedTraining {
  readonly dataset: Dataset;
  readonly source: BatchSource;
  readonly program: Program;
  readonly pacer: Pacer;
  /** When it was asked for, by `performance.now()`. */
  readonly askedAt: number;
  /** Resolves to when the samples were on the GPU; to undefined where a device was lost before. */
  readonly uploaded: Promise<number | undefined>;
}

export interface LoadOptions extends EngineOptions {
  readonly plan: Plan;
  /** Whether the samples are streamed instead of kept on the device. */
  readonly stream: boolean;
}

/**
 * @param buffers those of the step that the engine keeps, by name; the source has the others
 * @throws {ShaderError | OutOfMemoryError | DeviceLostError} nothing is left on the device then
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
      // The error is thrown where the source is awaited.
      () => undefined,
    );
  try {
    const kernels = trainingStep(network, plan, optimizer, clipNorm);
    const program = await Program.create(device, kernels, filling);
    const source = await creating;
    const pacer = new Pacer(device, plan.stepsPerSubmit);
    return { dataset, source, program, pacer, askedAt, uploaded };
  } catch (error) {
    // Where it is the source that failed, there is none.
    await creating.then(
      (source) => source.dispose(),
      () => undefined,
    );
    throw error;
  }
}
