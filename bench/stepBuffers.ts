/** The buffers that the kernels of a training step read and write, with random contents, for timing kernels without an engine. */
import { shuffledOrder } from '../src/data/shuffle.ts';
import type { Dataset } from '../src/data/dataset.ts';
import { TrainingCursor } from '../src/engine/cursor.ts';
import type { Optimizer } from '../src/engine/optimizers.ts';
import type { Device } from '../src/gpu/device.ts';
import { optimizerScalarsOf } from '../src/gpu/optimizerScalars.ts';
import { parameterBuffers } from '../src/gpu/parameterStore.ts';
import { createSource, type BatchSource } from '../src/gpu/source.ts';
import { trainingBuffers } from '../src/gpu/step.ts';
import type { Network } from '../src/network/network.ts';

const batches = 10;

export interface StepBuffers {
  readonly source: BatchSource;
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  dispose(): void;
}

/** Creates the buffers for the second step of an epoch of ten mini-batches. `dispose()` frees them. */
export async function createStepBuffers(
  device: Device,
  network: Network,
  batchSize: number,
  optimizer: Optimizer,
): Promise<StepBuffers> {
  const sampleCount = batches * batchSize;
  const source = await createSource(device, noise(network, sampleCount), batchSize, false, {
    optimizerScalarsOf: optimizerScalarsOf(optimizer),
    layerCount: network.layers.length - 1,
  });
  source.begin(
    shuffledOrder(1, 0, sampleCount),
    new TrainingCursor(batches, { step: 1, epoch: 0, stepOfEpoch: 1 }),
  );
  const made = await device.createBuffers('benchmark buffers', [
    ...trainingBuffers(network, batchSize),
    ...parameterBuffers(network, optimizer, false).map(({ name, size }) => [name, size] as const),
  ]);
  for (const buffer of made.values()) {
    const values = Float32Array.from({ length: buffer.size / 4 }, () => Math.random() - 0.5);
    device.gpu.queue.writeBuffer(buffer, 0, values);
  }
  // A kernel alone does not advance the counter, so it works on the same mini-batch every time.
  device.gpu.queue.writeBuffer(source.buffers.get('counter')!, 0, Uint32Array.of(1, 2));
  return {
    source,
    buffers: new Map([...made, ...source.buffers]),
    dispose() {
      source.dispose();
      device.release(made.values());
    },
  };
}

/** Random samples that fit a network. */
export function noise({ layers }: Pick<Network, 'layers'>, sampleCount: number): Dataset {
  const [featureCount, classCount] = [layers[0]!, layers.at(-1)!];
  const features = new Uint8Array(sampleCount * featureCount);
  // getRandomValues gives at most 65,536 bytes per call.
  for (let from = 0; from < features.length; from += 65_536) {
    crypto.getRandomValues(features.subarray(from, from + 65_536));
  }
  return {
    name: 'noise',
    ...{ sampleCount, featureCount, classCount, features },
    labels: Uint8Array.from({ length: sampleCount }, (_, n) => n % classCount),
  };
}
