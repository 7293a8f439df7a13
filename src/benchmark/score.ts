/**
 * The score of a machine: 1000 × the geometric mean, over the scored workloads, of samples/s relative to the reference
 * machine. It is the median over the blocks, with an interval.
 */
import type { OwnBackendName, Score, WorkloadResult } from './result/schema.ts';
import { blockMedians, estimate } from './statistics.ts';
import { workloads as allWorkloads } from './workloads.ts';

/**
 * The machine with a score of 1000: nudge's CPU engine on two cores of an AMD EPYC (Zen 3, AVX2) in headless Chromium 156
 * on Linux, measured with `npm run bench -- --data mnist`; the run is in bench/results. CPUs and GPUs have the same
 * scale, so a GPU of 5000 trains five times as fast as a CPU of 1000.
 */
export const referenceMachine = {
  name: 'the CPU engine on two cores of an AMD EPYC (Zen 3) in Chromium 156',
  samplesPerSecond: { tiny: 568_515, mid: 211_768, large: 21_247, xl: 6_613 },
} as const;

/** Scores on MNIST of 30 November 2026, for comparison; the runs are in bench/results. */
export const measuredMachines = [
  { name: 'two cores of an AMD EPYC (Zen 5)', score: 2135 },
  { name: 'one of them', score: 1276 },
  { name: 'lavapipe on both, in Firefox 153', score: 327 },
  { name: 'SwiftShader on both, in Chromium 156', score: 165 },
] as const;

const reference = new Map<string, number>(Object.entries(referenceMachine.samplesPerSecond));

/** The workloads of a complete score. */
export const scoredWorkloads: readonly string[] = allWorkloads
  .filter(({ isScored }) => isScored)
  .map(({ name }) => name);

/**
 * The score of a backend; undefined if it ran no scored workload.
 * @param isSoftware whether the adapter computes on the CPU
 * @param sizes repeats of each block
 */
export function scoreOf(
  backend: OwnBackendName,
  results: readonly WorkloadResult[],
  isSoftware: boolean,
  sizes: readonly number[],
): Score | undefined {
  const rates = results.flatMap(({ name, series }) => {
    const own = series.find((one) => one.backend === backend);
    const unit = reference.get(name);
    return own && unit !== undefined ? [{ name, unit, rates: own.samplesPerSecond }] : [];
  });
  if (rates.length === 0) return undefined;
  const scores = rates.map((one) =>
    blockMedians(one.rates, sizes).map((rate) => (1000 * rate) / one.unit),
  );
  const names = rates.map(({ name }) => name);
  return {
    backend,
    ...estimate(...scores),
    workloads: names,
    isComplete: scoredWorkloads.every((name) => names.includes(name)),
    class: backend === 'webgpu' ? (isSoftware ? 'software' : 'hardware') : 'cpu',
    tier: 'base',
  };
}
