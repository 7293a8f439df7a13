/** How long a run will take, about, before it begins; and so how much of it is done. */
import { stepFlop } from '../network/stepWork.ts';
import type { OwnSideName } from './result/schema.ts';
import { sidesOf, type Workload } from './workloads.ts';

/** FLOP/s that a side makes at least of a large network, on a machine of 2020: enough for "about". */
const flopPerSecond = { 'cpu-1': 2e10, cpu: 4e10, software: 3e9, hardware: 5e11 } as const;

/** Seconds for what has the same length everywhere: compiling, warming up, checking. */
const readySeconds = { 'cpu-1': 1, cpu: 1, software: 4, hardware: 1.5 } as const;
const verifySeconds = 1;
/** Of another library, to load, start and warm up. */
const peerSeconds = 4;
/** Slices of a warm-up, where a step is longer than a slice. */
const warmUpSteps = 5;

export interface RunShape {
  readonly workloads: readonly Workload[];
  readonly sides: readonly OwnSideName[];
  /** Other libraries beside. */
  readonly peers: readonly string[];
  readonly repeats: number;
  readonly repeatSeconds: number;
  /** Seconds that each side trains up to an accuracy, at most; 0 for none. */
  readonly accuracySeconds: number;
  readonly isSoftware: boolean;
}

/** Seconds of one side of a workload. */
export function expectedSideSeconds(
  { network, batchSize }: Workload,
  side: OwnSideName,
  { repeats, repeatSeconds, isSoftware }: RunShape,
): number {
  const kind = side === 'webgpu' ? (isSoftware ? 'software' : 'hardware') : side;
  const step = stepFlop(network.layers, batchSize) / flopPerSecond[kind];
  const measuring = repeats * Math.max(repeatSeconds, step);
  return readySeconds[kind] + warmUpSteps * step + measuring;
}

/** Seconds of one workload with all its sides. */
export function expectedWorkloadSeconds(workload: Workload, shape: RunShape): number {
  const sides = sidesOf(workload, shape.sides);
  const perSide = sides.map((side) => expectedSideSeconds(workload, side, shape));
  const checking = sides.includes('webgpu') ? verifySeconds : 0;
  const peers = shape.peers.length * (peerSeconds + shape.repeats * shape.repeatSeconds);
  return checking + peers + perSide.reduce((sum, seconds) => sum + seconds, 0);
}

/** Seconds of a whole run. */
export function expectedRunSeconds(shape: RunShape): number {
  const training = shape.workloads.reduce(
    (sum, workload) => sum + expectedWorkloadSeconds(workload, shape),
    0,
  );
  return probeSeconds + training + accuracySides(shape.sides).length * shape.accuracySeconds;
}

/** Who trains up to an accuracy. One thread gets there as well, later by the ratio of the throughputs. */
export function accuracySides(sides: readonly OwnSideName[]): readonly OwnSideName[] {
  return sides.filter((side) => side !== 'cpu-1');
}

/** Seconds that the adapter's limits are measured for. */
export const probeSeconds = 1;
