/** From which size of network on the GPU is faster than the CPU. */
import type { Crossover, WorkloadResult } from './result/schema.ts';
import { gpuOverCpu } from './result/sentences.ts';
import { findWorkload } from './workloads.ts';

interface SpeedUp {
  readonly parameters: number;
  readonly ratio: number;
}

/**
 * Where the speed-up of the GPU over the CPU, on several threads or on one, passes 1 for good on the ladder of networks, interpolated
 * on logarithmic scales; undefined where fewer than two networks have both backends.
 */
export function findCrossover(results: readonly WorkloadResult[]): Crossover | undefined {
  const ladder = speedUps(results);
  if (ladder.length < 2) return undefined;
  const lastSlower = ladder.findLastIndex(({ ratio }) => ratio <= 1);
  if (lastSlower < 0) return { kind: 'always' };
  if (lastSlower === ladder.length - 1) return { kind: 'never' };
  const below = ladder[lastSlower]!;
  const above = ladder[lastSlower + 1]!;
  const share = Math.log(below.ratio) / (Math.log(below.ratio) - Math.log(above.ratio));
  const logarithm =
    Math.log(below.parameters) + share * (Math.log(above.parameters) - Math.log(below.parameters));
  return { kind: 'between', parameters: Math.exp(logarithm) };
}

/** By size, the smallest network first. */
function speedUps(results: readonly WorkloadResult[]): readonly SpeedUp[] {
  return results
    .filter(({ name }) => findWorkload(name)?.group === 'ladder')
    .flatMap((workload) => {
      const ratio = gpuOverCpu(workload);
      return ratio ? [{ parameters: workload.parameterCount, ratio: ratio.middle }] : [];
    })
    .sort((a, b) => a.parameters - b.parameters);
}
