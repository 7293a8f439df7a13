/**
 * What is measured: training four networks of the benchmark's, and multiplying square matrices. One table for the pages,
 * for Node and for Python, so that all compute the same.
 */
import { findWorkload } from '../../src/benchmark/workloads.ts';
import type { PlainNetworkOptions } from '../../src/network/network.ts';

/** Training on MNIST with plain stochastic gradient descent, mini-batches in the order of the file. */
export interface TrainingWorkload {
  readonly kind: 'training';
  readonly name: string;
  readonly network: PlainNetworkOptions & { readonly seed: number };
  readonly batchSize: number;
  readonly learningRate: number;
  /** Steps before the step whose cost is held against the reference; as many as float64 makes in seconds. */
  readonly checkedSteps: number;
}

/** C = A·B of `size`×`size` matrices in float32. */
export interface MatmulWorkload {
  readonly kind: 'matmul';
  readonly name: string;
  readonly size: number;
}

export type Workload = TrainingWorkload | MatmulWorkload;

/** Steps that float64 makes in seconds, by the name of the workload. */
const checkedSteps = { tiny: 50, mid: 30, large: 5, xl: 2 };

export const workloads: readonly Workload[] = [
  ...Object.entries(checkedSteps).map(([name, steps]): TrainingWorkload => {
    const { network, batchSize, learningRate } = findWorkload(name)!;
    return {
      ...{ kind: 'training', name, network: { ...network, seed: 1 }, batchSize, learningRate },
      checkedSteps: steps,
    };
  }),
  ...[256, 512, 1024].map((size) => ({ kind: 'matmul', name: `matmul-${size}`, size }) as const),
];

/** Samples that the longest whole number of mini-batches takes: peers compile anew for a smaller last one. */
export function wholeBatches(sampleCount: number, batchSize: number): number {
  return Math.floor(sampleCount / batchSize) * batchSize;
}

/** What one sample of a repeat counts, for reports. */
export function unitOf(workload: Workload): 'samples/s' | 'GFLOP/s' {
  return workload.kind === 'training' ? 'samples/s' : 'GFLOP/s';
}

/** Units of work in `times` steps or products, where GFLOP/s count 10⁹ operations each. */
export function workOf(workload: Workload, times: number): number {
  return workload.kind === 'training'
    ? times * workload.batchSize
    : (times * 2 * workload.size ** 3) / 1e9;
}
