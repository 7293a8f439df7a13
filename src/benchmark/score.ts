/**
 * One number for a machine: 1000 × the geometric mean, over the ladder, of samples/s against the reference machine's.
 * Its median over the blocks, with the interval of these.
 */
import type { OwnBackendName, Score, WorkloadResult } from './result/schema.ts';
import { blockMedians, estimate } from './statistics.ts';
import { workloads as allWorkloads } from './workloads.ts';

/**
 * What counts 1000: nudge's CPU engine, on two cores of an AMD EPYC (Zen 3, AVX2), in headless
 * Chromium 156 on Linux, on MNIST, by `npm run bench -- --data mnist`: bench/results has the run. CPUs and GPUs are measured by the same rule, so that a GPU of 5000 trains five times as
 * fast as a CPU of 1000.
 */
export const referenceMachine = {
  name: 'the CPU engine on two cores of an AMD EPYC (Zen 3) in Chromium 156',
  samplesPerSecond: { tiny: 568_515, mid: 211_768, large: 21_247, xl: 6_613 },
} as const;

/** Scores to compare with: of 30 November 2026, on MNIST; bench/results has the runs. */
export const measuredMachines = [
  { name: 'two cores of an AMD EPYC (Zen 5)', score: 2135 },
  { name: 'one of them', score: 1276 },
  { name: 'lavapipe on both, in Firefox 153', score: 327 },
  { name: 'SwiftShader on both, in Chromium 156', score: 165 },
] as const;

/** Samples/s that count 1000, by workload. */
const reference = new Map<string, number>(Object.entries(referenceMachine.samplesPerSecond));

/** What a full run's score is a mean over. */
export const scoredWorkloads: readonly string[] = allWorkloads
  .filter(({ isScored }) => isScored)
  .map(({ name }) => name);

/**
 * The score of a backend over the workloads of the ladder that it ran; undefined where it ran none.
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
