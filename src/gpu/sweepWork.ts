/** A dataset on the GPU for many networks, and the kernel that trains or evaluates all of them on it. */
import { persistent } from '../../shaders/persistent.ts';
import type { Dataset } from '../data/dataset.ts';
import { requireFits, stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor } from '../engine/cursor.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import type { Network } from '../network/network.ts';
import type { Device } from './device.ts';
import { Pacer } from './pacer.ts';
import { parameterPlaces } from './parameterStore.ts';
import { stepLayers } from './layers.ts';
import { stepOperations } from './plan/plan.ts';
import type { PersistentPlan } from './plan/persistent.ts';
import { updateRuleOf } from './optimizerScalars.ts';
import { Program } from './program.ts';
import type { StepParts } from './run.ts';
import { createSource } from './source.ts';

export interface SweepWork extends StepParts {
  readonly dataset: Dataset;
  /** Steps in one pass over the dataset. */
  readonly steps: number;
  /**
   * Moves all networks to a step. The change takes effect in queue order.
   * @param cursor position to start from; the work advances it from now on
   */
  begin(cursor: TrainingCursor): void;
  /** Sets the sample order of one network, [sampleCount], and its optimizer scalars for the epoch, [steps, 4]. */
  writeMember(
    network: number,
    order: Uint32Array<ArrayBuffer>,
    optimizerScalars: Float32Array<ArrayBuffer>,
  ): void;
  dispose(): void;
}

/** Floating-point operations in the first submit. The speed of the adapter is unknown then. */
const firstSubmitOperations = 4e7;

/**
 * @param count number of networks
 * @param optimizer undefined to evaluate
 * @param shared buffers that do not depend on the dataset, by binding name of the kernel
 * @throws {ConfigurationError} when the dataset does not fit the networks
 * @throws {LimitError | OutOfMemoryError} when the dataset, or one sample order for each network, does not fit the
 *   device
 */
export async function createSweepWork(
  device: Device,
  { network, count }: { readonly network: Network; readonly count: number },
  plan: PersistentPlan,
  dataset: Dataset,
  optimizer: Optimizer | undefined,
  shared: ReadonlyMap<string, GPUBuffer>,
): Promise<SweepWork> {
  requireFits(network, dataset);
  const { batchSize, maxSteps } = plan;
  const { sampleCount } = dataset;
  const steps = stepsPerEpoch(sampleCount, batchSize);
  const { stride } = parameterPlaces(network);
  const kernel = persistent({
    ...plan,
    optimizer: optimizer && updateRuleOf(optimizer),
    networks: count,
    parameterStride: stride,
    step: stepLayers(network, batchSize),
  });
  const samples = await createSource(device, dataset, batchSize, false);
  let own: ReadonlyMap<string, GPUBuffer> = new Map();
  const dispose = () => {
    samples.dispose();
    device.release(own.values());
  };
  try {
    if (optimizer) {
      own = await device.createBuffers('the orders and optimizer scalars of a sweep', [
        ['order', 4 * sampleCount * count],
        ['optimizerScalars', 16 * steps * count],
      ]);
    }
    const buffers = new Map([...samples.buffers, ...own, ...shared]);
    const program = await Program.create(device, [kernel], buffers);
    const operations = stepOperations(network.layers, batchSize) * count;
    const firstSteps = Math.max(1, Math.floor(firstSubmitOperations / operations));
    const pacer = new Pacer(device, firstSteps, operations);
    const write = (
      name: string,
      at: number,
      data: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
    ) => device.gpu.queue.writeBuffer(buffers.get(name)!, at, data);
    let stepsPerDispatch = 1;
    const source = {
      // No epoch has begun, so there are no steps left.
      cursor: new TrainingCursor(0),
      /** Hands out whole dispatches only. Each makes as many steps as the plan allows. */
      advance(_: GPUCommandEncoder, max: number): Promise<number> {
        stepsPerDispatch = Math.min(max, maxSteps);
        write('settings', 0, Uint32Array.of(sampleCount, steps, stepsPerDispatch, 0));
        const made = max - (max % stepsPerDispatch);
        source.cursor.advance(made);
        return Promise.resolve(made);
      },
      submitted: () => undefined,
    };
    return {
      ...{ dataset, steps, source, pacer, dispose },
      program: {
        dispatchCount: 1,
        encode: (passes, made) => program.encode(passes, made / stepsPerDispatch),
      },
      begin(cursor) {
        source.cursor = cursor;
        write('progress', 0, new Uint32Array(count).fill(cursor.stepOfEpoch));
      },
      writeMember(index, order, optimizerScalars) {
        write('order', order.byteLength * index, order);
        write('optimizerScalars', optimizerScalars.byteLength * index, optimizerScalars);
      },
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
