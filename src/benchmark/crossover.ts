/** Finds the network size from which on the GPU is faster than the CPU. */
import type { Crossover, WorkloadResult } from './result/schema.ts';
import { gpuOverCpu } from './result/sentences.ts';
import { findWorkload } from './workloads.ts';

/**
 * The size on the ladder of networks from which on the GPU stays faster than the faster CPU backend, interpolated on
 * logarithmic scales; undefined if fewer than two networks ran on both.
 */
export function findCrossover(results: readonly WorkloadResult[]): Crossover | undefined {
  const ladder = results
    .filter(({ name }) => findWorkload(name)?.group === 'ladder')
    .flatMap((workload) => {
      const ratio = gpuOverCpu(workload);
      return ratio ? [{ parameters: workload.parameterCount, ratio: ratio.middle }] : [];
    })
    .sort((a, b) => a.parameters - b.parameters);
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
