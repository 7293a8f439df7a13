/** Compares several steps of training: GPU and CPU with the reference, and runs with each other. */
import { createCpuEngine } from '../../cpu/engine.ts';
import type { Dataset } from '../../data/dataset.ts';
import { fileOrder } from '../../data/shuffle.ts';
import type { Device } from '../../gpu/device.ts';
import { GpuEngine, type GpuEngineOptions } from '../../gpu/engine.ts';
import type { Network } from '../../network/network.ts';
import { parameterLayout } from '../../network/parameters.ts';
import { createReferenceEngine } from '../../reference/engine.ts';
import { TrainingCursor } from '../../engine/cursor.ts';
import type { Engine, EngineOptions } from '../../engine/engine.ts';

/**
 * Tolerance for a parameter after several steps, relative to the largest parameter of its tensor. Float32 rounds to 6e-8
 * at each step.
 */
const trajectoryBound = 1e-5;

/** Trains in the order of the file and returns the parameters. Disposes the engine. */
export async function trainFor(
  engine: Engine,
  dataset: Dataset,
  steps: number,
): Promise<Float32Array> {
  try {
    await engine.load(dataset);
    engine.beginEpoch(fileOrder(dataset.sampleCount), new TrainingCursor());
    await engine.run(steps);
    return await engine.readParameters();
  } finally {
    await engine.dispose();
  }
}

export function trainReference(
  options: EngineOptions,
  dataset: Dataset,
  steps: number,
): Promise<Float32Array> {
  return trainFor(createReferenceEngine(options), dataset, steps);
}

export async function trainCpu(
  options: EngineOptions,
  dataset: Dataset,
  steps: number,
): Promise<Float32Array> {
  return await trainFor(await createCpuEngine(options), dataset, steps);
}

export async function trainGpu(
  device: Device,
  options: GpuEngineOptions,
  dataset: Dataset,
  steps: number,
): Promise<Float32Array> {
  const engine = await GpuEngine.create(device, { ...options });
  return await trainFor(engine, dataset, steps);
}

/** The largest error relative to {@link trajectoryBound}. */
export function trajectoryShare(
  network: Pick<Network, 'layers'>,
  found: Float32Array,
  truth: Float32Array,
): number {
  let worst = 0;
  for (const { inputs, outputs, weightOffset, biasOffset } of parameterLayout(network.layers)) {
    for (const [start, end] of [
      [weightOffset, weightOffset + inputs * outputs],
      [biasOffset, biasOffset + outputs],
    ] as const) {
      let largest = 0;
      let error = 0;
      for (let i = start; i < end; i++) {
        largest = Math.max(largest, Math.abs(truth[i]!));
        const distance = Math.abs(found[i]! - truth[i]!);
        error = distance <= Infinity ? Math.max(error, distance) : Infinity;
      }
      worst = Math.max(worst, error === 0 ? 0 : error / (trajectoryBound * largest));
    }
  }
  return worst;
}

/** 0 if both have the same bits, else Infinity. */
export function sameBits(one: Float32Array, other: Float32Array): number {
  const [a, b] = [new Uint32Array(one.slice().buffer), new Uint32Array(other.slice().buffer)];
  return a.length === b.length && a.every((word, i) => word === b[i]) ? 0 : Infinity;
}
