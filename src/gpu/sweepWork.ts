/** A dataset on the GPU for many networks at once, and the kernel that takes them through it, ready to be dispatched. */
import { persistent } from '../../shaders/persistent.ts';
import type { UpdateRule } from '../../shaders/optimizer.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Network } from '../network/network.ts';
import { countParameters } from '../network/parameters.ts';
import { requireFits, stepsPerEpoch } from '../engine/batches.ts';
import type { Device } from './device.ts';
import { parameterRanges } from './layout.ts';
import { Pacer } from './pacer.ts';
import type { PersistentPlan } from './plan/persistent.ts';
import { compileKernels } from './pipelines.ts';
import { createSource, type BatchSource } from './source.ts';

export interface SweepWork {
  readonly dataset: Dataset;
  readonly source: BatchSource;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly pacer: Pacer;
  /** Buffers of this dataset's size: orders and rates. */
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
}

/** Floating-point operations of the first submit, before anything is known of the adapter. */
const firstSubmitOperations = 4e7;

/**
 * @param count networks
 * @param optimizer undefined to evaluate
 * @param shared the buffers that do not depend on the dataset, by the names of the kernel's bindings
 * @throws {ConfigurationError} when the dataset does not fit the networks
 * @throws {LimitError | OutOfMemoryError} when it, or an order of it for each network, does not fit the device
 */
export async function createSweepWork(
  device: Device,
  { network, count }: { readonly network: Pick<Network, 'layers'>; readonly count: number },
  plan: PersistentPlan,
  dataset: Dataset,
  optimizer: UpdateRule | undefined,
  shared: Readonly<Record<string, GPUBuffer | undefined>>,
): Promise<SweepWork> {
  requireFits(network, dataset);
  const { batchSize } = plan;
  const { sampleCount } = dataset;
  const { offsets, stride } = parameterPlaces(network);
  const kernel = persistent({
    ...plan,
    work: optimizer ? { kind: 'train', optimizer } : { kind: 'evaluate' },
    networks: count,
    parameterOffsets: offsets,
    parameterStride: stride,
  });
  let source: BatchSource | undefined;
  let buffers: ReadonlyMap<string, GPUBuffer> = new Map();
  try {
    source = await createSource(device, dataset, batchSize, false);
    if (optimizer) {
      buffers = await device.create('the orders and rates of a sweep', (allocate) => {
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
        const one = (name: string, bytes: number) =>
          [name, allocate(name, bytes * count, usage)] as const;
        const rateBytes = 16 * stepsPerEpoch(sampleCount, batchSize);
        return new Map([one('order', 4 * sampleCount), one('rates', rateBytes)]);
      });
    }
    const all = { ...Object.fromEntries([...source.buffers, ...buffers]), ...shared };
    const [compiled] = await compileKernels(device, [kernel]);
    const { pipeline, layout } = compiled!;
    const bindGroup = await device.create('the bindings of a sweep', () => {
      const entries = kernel.bindings.map(({ name }, binding) => ({
        binding,
        resource: { buffer: all[name]! },
      }));
      return device.gpu.createBindGroup({ label: kernel.label, layout, entries });
    });
    const operations = 6 * batchSize * countParameters(network.layers) * count;
    const pacer = new Pacer(device, Math.max(1, Math.floor(firstSubmitOperations / operations)));
    return { dataset, source, pipeline, bindGroup, buffers, pacer };
  } catch (error) {
    source?.dispose();
    device.release(buffers.values());
    throw error;
  }
}

/** Where a network's layers begin in its parameters, and the next network's parameters, in quads. */
export function parameterPlaces(network: Pick<Network, 'layers'>): {
  readonly offsets: readonly number[];
  readonly stride: number;
} {
  const ranges = parameterRanges(network);
  const { offset, length } = ranges.at(-1)!;
  return { offsets: ranges.map((range) => range.offset), stride: offset + length };
}
