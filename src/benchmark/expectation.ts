/** How long a run will take, about, before it begins; and so how much of it is done. */
import { stepFlop } from '../network/stepWork.ts';
import type { OwnBackendName } from './result/schema.ts';
import { backendsOf, type Workload } from './workloads.ts';

/** FLOP/s that a backend makes at least of a large network, on a machine of 2020: enough for "about". */
const flopPerSecond = { 'cpu-1': 2e10, cpu: 4e10, software: 3e9, hardware: 5e11 } as const;

/** Seconds for what has the same length everywhere, compiling and warming up, and steps of a warm-up where they are long. */
const readying = {
  first: { seconds: { 'cpu-1': 1, cpu: 1.3, software: 2.5, hardware: 1.5 }, steps: 7 },
  later: { seconds: { 'cpu-1': 0.3, cpu: 0.6, software: 1, hardware: 0.8 }, steps: 3 },
} as const;
const verifySeconds = 1;
/** Of another library, to load, start and warm up. */
const peerSeconds = 4;

export interface RunShape {
  readonly workloads: readonly Workload[];
  readonly backends: readonly OwnBackendName[];
  /** Other libraries beside. */
  readonly peers: readonly string[];
  readonly repeats: number;
  /** That the repeats are cut into. */
  readonly blocks: number;
  readonly repeatSeconds: number;
  /** Seconds that each backend trains up to an accuracy, at most; 0 for none. */
  readonly accuracySeconds: number;
  readonly isSoftware: boolean;
}

/** Seconds of one workload with all its backends in one block. */
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

/** Seconds of a whole run. */
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

/** Who trains up to an accuracy. One thread gets there as well, later by the ratio of the throughputs. */
export function accuracyBackends(backends: readonly OwnBackendName[]): readonly OwnBackendName[] {
  return backends.filter((backend) => backend !== 'cpu-1');
}

/** Seconds until the first workload begins: looking at the processor, and measuring the adapter's limits. */
export const beginSeconds = 2;
/** Of a block, to start a worker and its device. */
const openSeconds = 0.5;
