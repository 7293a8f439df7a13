/**
 * What is measured: training four networks, and multiplying square matrices. One table for the pages, for Node and
 * for Python, so that nobody computes anything else than the others.
 */
import type { NetworkOptions } from '../../src/network/network.ts';

/** Training on MNIST with plain stochastic gradient descent, mini-batches in the order of the file. */
export interface TrainingWorkload {
  readonly kind: 'training';
  readonly name: string;
  readonly network: NetworkOptions & { readonly seed: number };
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

const modern = {
  activation: 'relu',
  output: 'softmax',
  cost: 'cross-entropy',
  initializer: 'he',
  seed: 1,
} as const;

export const workloads: readonly Workload[] = [
  {
    kind: 'training',
    name: 'tiny',
    network: {
      layers: [784, 16, 16, 10],
      activation: 'sigmoid',
      output: 'sigmoid',
      cost: 'squared-error',
      initializer: 'normal',
      seed: 1,
    },
    batchSize: 100,
    learningRate: 6,
    checkedSteps: 50,
  },
  {
    kind: 'training',
    name: 'mid',
    network: { layers: [784, 128, 10], ...modern },
    batchSize: 128,
    learningRate: 0.1,
    checkedSteps: 30,
  },
  {
    kind: 'training',
    name: 'large',
    network: { layers: [784, 512, 512, 10], ...modern },
    batchSize: 512,
    learningRate: 0.1,
    checkedSteps: 5,
  },
  {
    kind: 'training',
    name: 'xl',
    network: { layers: [784, 1024, 1024, 10], ...modern },
    batchSize: 1024,
    learningRate: 0.1,
    checkedSteps: 2,
  },
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
