/**
 * How much of a machine's own limit a training step reached, and which limit it is.
 *
 * No step can take less than its arithmetic at the measured peak, or its bytes at the measured bandwidth, whichever is
 * longer, since the two overlap; plus what each dispatch takes beside its work, since dispatches of a step wait for
 * each other. The host records and submits meanwhile, and nothing is faster than that either:
 *
 *   limit = max(max(FLOP / peak, bytes / bandwidth) + dispatches · latency, host)
 *
 * It is the roofline model with the cost of dispatches added.
 */
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { stepBytes, stepFlop } from '../network/stepWork.ts';

/** The parts of the limit. */
export type Part = 'compute' | 'memory' | 'dispatch' | 'host';
/** The part that takes at least half of a step, which is what to look at first; 'none' where no part takes as much. */
export type Bound = Part | 'none';

/** A smaller share of a step says little: which of several small parts is the longest changes from run to run. */
const dominantShare = 0.5;

/** The parts in words that follow 'limited by'. */
export const boundNames: Readonly<Record<Part, string>> = {
  compute: 'arithmetic',
  memory: 'memory bandwidth',
  dispatch: 'the cost of dispatches',
  host: 'the calls that record and submit work',
};

/** One training step as it was run. */
export interface MeasuredStep {
  /** Layer sizes, input first. */
  readonly layers: readonly number[];
  readonly batchSize: number;
  /** Float32 that the optimizer keeps for each parameter. Default 0. */
  readonly momentCount?: number;
  /** Of the plan; may be a fraction where one dispatch makes several steps. */
  readonly dispatches: number;
  /** Default: so many that the cost of a submit does not count. */
  readonly stepsPerSubmit?: number;
  /** That it took, measured. */
  readonly seconds: number;
}

export interface Verdict {
  readonly bound: Bound;
  /** The longest part of the limit, however short it is beside the step. */
  readonly longest: Part;
  /**
   * limit / seconds: 1 is as fast as this adapter can be with this plan. Above 1 the probes have measured too little,
   * mostly because something else ran meanwhile.
   */
  readonly fraction: number;
  /** Lower bounds in seconds. */
  readonly seconds: Readonly<Record<Part | 'limit', number>>;
}

/** What limits `step`, and how near it came. */
export function judgeStep(limits: MeasuredLimits, step: MeasuredStep): Verdict {
  const { layers, batchSize, dispatches, momentCount = 0, stepsPerSubmit = Infinity } = step;
  const { arithmetic, memory, latency } = limits;
  const bytes = stepBytes(layers, batchSize, momentCount);
  const large = Math.max(memory.read.value, memory.copy.value);
  // What a step leaves in the caches the next one finds there, if it is so little.
  const bandwidth = bytes <= memory.smallBytes ? Math.max(memory.cached.value, large) : large;
  const compute = stepFlop(layers, batchSize) / arithmetic.value;
  const transfer = bytes / bandwidth;
  const dispatch = dispatches * latency.dispatch.value;
  const host = dispatches * latency.encode.value + latency.submit.value / stepsPerSubmit;
  const work = Math.max(compute, transfer);
  const limit = Math.max(work + dispatch, host);
  const seconds = { compute, memory: transfer, dispatch, host, limit };
  const longest = longestPart(seconds);
  return {
    bound: seconds[longest] >= dominantShare * step.seconds ? longest : 'none',
    longest,
    fraction: limit / step.seconds,
    seconds,
  };
}

/** The host where it is what the limit is; else the longest part of what the GPU takes. */
function longestPart({ compute, memory, dispatch, host, limit }: Verdict['seconds']): Part {
  if (host === limit) return 'host';
  if (dispatch >= Math.max(compute, memory)) return 'dispatch';
  return compute >= memory ? 'compute' : 'memory';
}

/** '92 %, limited by the cost of dispatches'; '11 %, no single limit dominates' */
export function describeVerdict({ bound, fraction }: Pick<Verdict, 'bound' | 'fraction'>): string {
  const why = bound === 'none' ? 'no single limit dominates' : `limited by ${boundNames[bound]}`;
  return `${describeFraction(fraction)}, ${why}`;
}

/** '92 %', '0.4 %' */
export function describeFraction(fraction: number): string {
  return `${(100 * fraction).toFixed(fraction < 0.01 ? 1 : 0)} %`;
}
