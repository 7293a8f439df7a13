/**
 * The workloads of the benchmark: a ladder of networks, from one dominated by latency to one dominated by arithmetic, and
 * the lecture's network with several mini-batch sizes.
 */
import type { PlainNetworkOptions } from '../network/network.ts';
import { presets } from '../network/presets.ts';

export interface Workload {
  readonly name: string;
  readonly network: PlainNetworkOptions;
  readonly batchSize: number;
  readonly learningRate: number;
  /** The ladder of networks, or the sweep over mini-batch sizes. */
  readonly group: 'ladder' | 'batch';
  /** Whether it enters the score. */
  readonly isScored: boolean;
  /** Runs only on a hardware GPU: a step takes a minute on a software adapter and seconds on a CPU. */
  readonly needsHardware?: boolean;
}

const { lecture, modern } = presets;

function ladder(
  name: string,
  network: PlainNetworkOptions,
  batchSize: number,
  learningRate = 0.1,
): Workload {
  return { name, network, batchSize, learningRate, group: 'ladder', isScored: true };
}

function batch(batchSize: number, learningRate: number = lecture.learningRate): Workload {
  const { network } = lecture;
  const name = `batch-${batchSize}`;
  return { name, network, batchSize, learningRate, group: 'batch', isScored: false };
}

/** In the order of the run. `tiny` is also the mini-batch size of 100 in the sweep. */
export const workloads: readonly Workload[] = [
  ladder('tiny', lecture.network, 100, lecture.learningRate),
  ladder('mid', { ...modern.network, layers: [784, 128, 10] }, 128),
  ladder('large', { ...modern.network, layers: [784, 512, 512, 10] }, 512),
  ladder('xl', { ...modern.network, layers: [784, 1024, 1024, 10] }, 1024),
  {
    ...ladder('huge', { ...modern.network, layers: [784, 4096, 4096, 10] }, 4096),
    isScored: false,
    needsHardware: true,
  },
  batch(1, 0.3),
  batch(10),
  batch(1000),
];

/** The backends that run a workload. */
export function backendsOf<Backend extends string>(
  { needsHardware }: Workload,
  backends: readonly Backend[],
): readonly Backend[] {
  return backends.filter((backend) => !needsHardware || backend === 'webgpu');
}

/** The workloads of `--quick` and `?quick=1`. */
export const quickWorkloads: readonly string[] = ['tiny', 'mid'];

export function findWorkload(name: string): Workload | undefined {
  return workloads.find((workload) => workload.name === name);
}
