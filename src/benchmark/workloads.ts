/**
 * What the benchmark trains: a ladder of networks, from one that is all latency to one that is all arithmetic, and
 * the lecture's network at several sizes of mini-batch.
 */
import type { PlainNetworkOptions } from '../network/network.ts';
import { presets } from '../network/presets.ts';

export interface Workload {
  readonly name: string;
  readonly network: PlainNetworkOptions;
  readonly batchSize: number;
  readonly learningRate: number;
  /** On the ladder of sizes, or in the sweep over mini-batches. */
  readonly group: 'ladder' | 'batch';
  /** Whether the score counts it. */
  readonly isScored: boolean;
  /** Run on a GPU in hardware alone: a step takes a software adapter a minute, and a CPU seconds. */
  readonly needsHardware?: boolean;
}

const { lecture, modern } = presets;

function batch(batchSize: number): Workload {
  const { network, learningRate } = lecture;
  const name = `batch-${batchSize}`;
  return {
    name,
    network,
    batchSize,
    learningRate: batchSize === 1 ? 0.3 : learningRate,
    group: 'batch',
    isScored: false,
  };
}

/** In the order in which they run. `tiny` is the sweep's mini-batch of 100 as well. */
export const workloads: readonly Workload[] = [
  {
    name: 'tiny',
    network: lecture.network,
    batchSize: 100,
    learningRate: lecture.learningRate,
    group: 'ladder',
    isScored: true,
  },
  {
    name: 'mid',
    network: { ...modern.network, layers: [784, 128, 10] },
    batchSize: 128,
    learningRate: 0.1,
    group: 'ladder',
    isScored: true,
  },
  {
    name: 'large',
    network: { ...modern.network, layers: [784, 512, 512, 10] },
    batchSize: 512,
    learningRate: 0.1,
    group: 'ladder',
    isScored: true,
  },
  {
    name: 'xl',
    network: { ...modern.network, layers: [784, 1024, 1024, 10] },
    batchSize: 1024,
    learningRate: 0.1,
    group: 'ladder',
    isScored: true,
  },
  {
    name: 'huge',
    network: { ...modern.network, layers: [784, 4096, 4096, 10] },
    batchSize: 4096,
    learningRate: 0.1,
    group: 'ladder',
    isScored: false,
    needsHardware: true,
  },
  batch(1),
  batch(10),
  batch(1000),
];

/** Those of `backends` that a workload is run on. */
export function backendsOf<Backend extends string>(
  { needsHardware }: Workload,
  backends: readonly Backend[],
): readonly Backend[] {
  return backends.filter((backend) => !needsHardware || backend === 'webgpu');
}

/** What `--quick` and `?quick=1` run. */
export const quickWorkloads: readonly string[] = ['tiny', 'mid'];

export function findWorkload(name: string): Workload | undefined {
  return workloads.find((workload) => workload.name === name);
}
