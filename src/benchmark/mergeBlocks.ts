/** Merges the blocks of a workload. */
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { stepBytes, stepFlop } from '../network/stepWork.ts';
import { verdictOf, type CostDrift, type GradientVerdict } from './gate.ts';
import { judgeStep } from './limit.ts';
import type { Ratio, Series, BackendName, Verification, WorkloadResult } from './result/schema.ts';
import { peerNames, peers, backends as allBackends } from './result/backends.ts';
import { networkOf, type BlockSeries } from './backendRun.ts';
import { blockMedians, estimate, estimatePairedRatio } from './statistics.ts';
import type { WorkloadOutcome } from './workloadRun.ts';
import type { Workload } from './workloads.ts';

export interface MergeOptions {
  readonly workload: Workload;
  readonly seed: number;
  /** Repeats of each block of the run. */
  readonly sizes: readonly number[];
  readonly limits: MeasuredLimits | undefined;
}

/** Adds a block to the result of the previous blocks. */
export function mergeBlock(
  before: WorkloadResult | undefined,
  outcome: WorkloadOutcome,
  options: MergeOptions,
): WorkloadResult {
  const { workload, seed, sizes } = options;
  const network = networkOf(workload, seed);
  // In the order of the schema, since a backend that was created again is last in the outcome.
  const ran = new Set([...(before?.series ?? []), ...outcome.series].map(({ backend }) => backend));
  const series = allBackends
    .filter((backend) => ran.has(backend))
    .map((backend) =>
      mergeSeries(
        before?.series.find((one) => one.backend === backend),
        outcome.series.find((one) => one.backend === backend),
        options,
      ),
    );
  const verification = mergeVerification(before?.verification, outcome);
  return {
    name: workload.name,
    layers: network.layers,
    activation: String(network.activation),
    output: network.output,
    cost: network.cost,
    batchSize: workload.batchSize,
    learningRate: workload.learningRate,
    parameterCount: network.parameterCount,
    series,
    ratios: ratiosOf(series, sizes),
    ...(verification && { verification }),
  };
}

function mergeSeries(
  before: Series | undefined,
  block: BlockSeries | undefined,
  { workload, sizes, limits }: MergeOptions,
): Series {
  if (!block) return before!;
  const { rates, threads, ...rest } = block;
  const samplesPerSecond = [...(before?.samplesPerSecond ?? []), ...rates];
  const allThreads = [...(before?.threads ?? []), ...(threads === undefined ? [] : [threads])];
  const medians = blockMedians(samplesPerSecond, sizes);
  const middle = estimate(medians);
  const { layers } = workload.network;
  const { batchSize } = workload;
  const dispatches = rest.dispatchesPerStep;
  const verdict =
    limits && dispatches !== undefined
      ? judgeStep(limits, { layers, batchSize, dispatches, seconds: batchSize / middle.middle })
      : undefined;
  const limit = verdict
    ? {
        bound: verdict.bound,
        fraction: verdict.fraction,
        flopPerStep: stepFlop(layers, batchSize),
        bytesPerStep: stepBytes(layers, batchSize),
      }
    : before?.limit;
  // Compile time, warm-up, curve and evaluation come from the first block.
  return {
    ...(before ?? rest),
    ...(allThreads.length > 0 && { threads: allThreads }),
    samplesPerSecond,
    estimate: middle,
    ...(limit && { limit }),
  };
}

function mergeVerification(
  before: Verification | undefined,
  { gradient, costs }: Pick<WorkloadOutcome, 'gradient' | 'costs'>,
): Verification | undefined {
  if (gradient) return costs && verdictOf(gradient, costs);
  if (!before || !costs) return before;
  const { samples, tensors, costDrift, stepsCompared } = before;
  const worse: CostDrift =
    costs.drift <= costDrift ? { drift: costDrift, steps: stepsCompared } : costs;
  const same: GradientVerdict = { samples, tensors };
  return verdictOf(same, worse);
}

const comparisons: readonly (readonly [BackendName, BackendName])[] = [
  ['webgpu', 'cpu'],
  ['webgpu', 'cpu-1'],
  ['cpu', 'cpu-1'],
  ...peerNames.map((name) => [peers[name].computesOn === 'gpu' ? 'webgpu' : 'cpu', name] as const),
];

function ratiosOf(series: readonly Series[], sizes: readonly number[]): Ratio[] {
  const ratesOf = (backend: BackendName) => {
    const rates = series.find((one) => one.backend === backend)?.samplesPerSecond;
    return rates && blockMedians(rates, sizes);
  };
  return comparisons.flatMap(([of, over]) => {
    const above = ratesOf(of);
    const below = ratesOf(over);
    return above && below ? [{ of, over, ...estimatePairedRatio(above, below) }] : [];
  });
}
