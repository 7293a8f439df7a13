/** Estimates how long a run takes, for the announcement before it and for its progress. */
import { stepFlop } from '../network/stepWork.ts';
import type { OwnBackendName } from './result/schema.ts';
import { backendsOf, type Workload } from './workloads.ts';

/** Typical FLOP/s on a large network, on a machine of 2020. */
const flopPerSecond = { 'cpu-1': 2e10, cpu: 4e10, software: 3e9, hardware: 5e11 } as const;

/** Fixed seconds for compiling and warming up, plus steps of a warm-up. */
const readying = {
  first: { seconds: { 'cpu-1': 1, cpu: 1.3, software: 2.5, hardware: 1.5 }, steps: 7 },
  later: { seconds: { 'cpu-1': 0.3, cpu: 0.6, software: 1, hardware: 0.8 }, steps: 3 },
} as const;
const verifySeconds = 1;
/** Loading, starting and warming up another library. */
const peerSeconds = 4;

export interface RunShape {
  readonly workloads: readonly Workload[];
  readonly backends: readonly OwnBackendName[];
  /** Other libraries. */
  readonly peers: readonly string[];
  readonly repeats: number;
  readonly blocks: number;
  readonly repeatSeconds: number;
  /** Maximum seconds of each backend's training to an accuracy; 0 for no such training. */
  readonly accuracySeconds: number;
  readonly isSoftware: boolean;
}

/** Seconds of one workload on all its backends in one block. */
export function expectedBlockSeconds(workload: Workload, block: number, shape: RunShape): number {
  const { network, batchSize } = workload;
  const { isSoftware, repeats, blocks, repeatSeconds, peers } = shape;
  const backends = backendsOf(workload, shape.backends);
  const isFirst = block === 0;
  const perBackend = backends.map((backend) => {
    const kind = backend === 'webgpu' ? (isSoftware ? 'software' : 'hardware') : backend;
    const step = stepFlop(network.layers, batchSize) / flopPerSecond[kind];
    const measuring = (repeats / blocks) * Math.max(repeatSeconds, step);
    const { seconds, steps } = isFirst ? readying.first : readying.later;
    return seconds[kind] + steps * step + measuring;
  });
  const checking = isFirst && backends.includes('webgpu') ? verifySeconds : 0;
  const others = peers.length * (peerSeconds + (repeats / blocks) * repeatSeconds);
  return checking + others + perBackend.reduce((sum, seconds) => sum + seconds, 0);
}

export function expectedRunSeconds(shape: RunShape): number {
  const training = shape.workloads.reduce((sum, workload) => {
    const blocks = Array.from({ length: shape.blocks }, (_, block) =>
      expectedBlockSeconds(workload, block, shape),
    );
    return sum + blocks.reduce((total, seconds) => total + seconds, 0);
  }, 0);
  return (
    beginSeconds +
    training +
    shape.blocks * openSeconds +
    accuracyBackends(shape.backends).length * shape.accuracySeconds
  );
}

/** Backends that train to an accuracy. One thread would take longer by the ratio of the throughputs, so it is left out. */
export function accuracyBackends(backends: readonly OwnBackendName[]): readonly OwnBackendName[] {
  return backends.filter((backend) => backend !== 'cpu-1');
}

/** Seconds before the first workload: watching the processor, measuring the adapter's limits. */
export const beginSeconds = 2;
/** Starting the worker and the device of a block. */
const openSeconds = 0.5;
