import type { Dataset } from '../data/dataset.ts';
import { requireStepsLeft } from '../engine/batches.ts';
import { DeviceLostError } from '../errors.ts';
import type { Device } from './device.ts';
import type { Pacer } from './pacer.ts';
import { Passes, type Program } from './program.ts';
import type { BatchSource } from './source.ts';

/** GPU timestamps of the start and the end of a run. */
export interface Timing {
  readonly queries: GPUQuerySet;
  readonly times: GPUBuffer;
}

export async function createTiming(device: Device): Promise<Timing> {
  return await device.create('timestamps', (allocate) => ({
    queries: device.gpu.createQuerySet({ label: 'run', type: 'timestamp', count: 2 }),
    times: allocate('timestamps', 16, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC),
  }));
}

/** Query 0 is written when the first submit of a run begins; query 1 is written at the end of each submit. */
export interface Stopwatch {
  readonly queries: GPUQuerySet;
  started: boolean;
}

/** Objects needed to submit steps. */
export interface StepParts {
  readonly program: Pick<Program, 'encode' | 'dispatchCount'>;
  readonly source: Pick<BatchSource, 'cursor' | 'advance' | 'submitted'>;
  readonly pacer: Pick<Pacer, 'steps' | 'isStepLong' | 'ready' | 'submitted'>;
}

interface SubmitOptions {
  /** Called between submits. */
  readonly isStopped?: () => boolean;
  readonly stopwatch?: Stopwatch | undefined;
}

/**
 * Submits steps of an epoch, starting at the position of the source.
 * @returns the steps that each network made, and the samples in them; the last step of an epoch may have fewer samples
 * @throws {ConfigurationError} if the epoch has fewer steps left
 */
export async function makeSteps(
  device: Device,
  training: StepParts & { readonly dataset: Dataset },
  steps: number,
  batchSize: number,
  options: SubmitOptions,
): Promise<{ readonly steps: number; readonly samples: number }> {
  const { dataset, source } = training;
  const { stepOfEpoch, stepsLeft } = source.cursor;
  requireStepsLeft(steps, stepsLeft);
  const done = await submitSteps(device, training, steps, options);
  const end = Math.min((stepOfEpoch + done) * batchSize, dataset.sampleCount);
  return { steps: done, samples: Math.max(0, end - stepOfEpoch * batchSize) };
}

/**
 * Submits `steps` steps of a program. The pacer decides how many go into a submit, and whether a step takes several;
 * each submit is one pass.
 * @returns steps submitted; fewer than `steps` only when stopped
 */
export async function submitSteps(
  device: Device,
  { program, source, pacer }: StepParts,
  steps: number,
  options: SubmitOptions,
): Promise<number> {
  const { isStopped, stopwatch } = options;
  let done = 0;
  while (done < steps && !isStopped?.()) {
    await pacer.ready();
    device.throwIfUnusable();
    const isLong = pacer.isStepLong;
    const pieces = isLong ? program.dispatchCount : 1;
    let encoder = device.gpu.createCommandEncoder({ label: 'steps' });
    const wanted = isLong ? 1 : Math.min(steps - done, pacer.steps);
    const count = await source.advance(encoder, wanted);
    for (let piece = 0; piece < pieces; piece++) {
      if (piece > 0) {
        await pacer.ready();
        device.throwIfUnusable();
        encoder = device.gpu.createCommandEncoder({ label: 'steps' });
      }
      const passes = new Passes(encoder, 'steps', stopwatch && timestampWrites(stopwatch));
      program.encode(passes, count, isLong ? piece : undefined);
      passes.end();
      device.gpu.queue.submit([encoder.finish({ label: 'steps' })]);
      if (piece === 0) source.submitted();
      pacer.submitted(count / pieces);
    }
    done += count;
  }
  return done;
}

function timestampWrites(stopwatch: Stopwatch): GPUComputePassTimestampWrites {
  const first = !stopwatch.started;
  stopwatch.started = true;
  return {
    querySet: stopwatch.queries,
    endOfPassWriteIndex: 1,
    ...(first && { beginningOfPassWriteIndex: 0 }),
  };
}

/**
 * Compares the step count of the GPU with the steps submitted. A failing device may drop commands without an error, and
 * reading its results then gives zeros.
 * @throws {DeviceLostError} when the counts differ
 */
export function requireSteps(what: string, counted: number, submitted: number): void {
  if (counted === submitted) return;
  throw new DeviceLostError(
    'unknown',
    `${what}: the GPU counted to step ${counted}, but ${submitted} were submitted. ` +
      'The results are discarded; request a new device.',
  );
}
