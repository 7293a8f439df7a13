/**
 * Compares the time of a training step with the machine's own limit: the roofline model plus the cost of dispatches.
 *
 *   limit = max(max(FLOP / peak, bytes / bandwidth) + dispatches · latency, host)
 *
 * Arithmetic and memory transfer overlap, so the longer one counts. Dispatches of a step wait for each other, so each adds
 * its latency. The host records and submits work at the same time.
 */
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { stepBytes, stepFlop } from '../network/stepWork.ts';

export type Part = 'compute' | 'memory' | 'dispatch' | 'host';
/** The part that takes at least half of a step; 'none' if no part does. */
export type Bound = Part | 'none';

/** Below this share, the longest part changes from run to run. */
const dominantShare = 0.5;

/** Words after 'limited by'. */
export const boundNames: Readonly<Record<Part, string>> = {
  compute: 'arithmetic',
  memory: 'memory bandwidth',
  dispatch: 'the cost of dispatches',
  host: 'the calls that record and submit work',
};

export interface MeasuredStep {
  /** Layer sizes, input first. */
  readonly layers: readonly number[];
  readonly batchSize: number;
  /** A fraction if one dispatch makes several steps. */
  readonly dispatches: number;
  /** Measured time. */
  readonly seconds: number;
}

export interface Verdict {
  readonly bound: Bound;
  /** The longest part of the limit. */
  readonly longest: Part;
  /** limit / seconds. 1 is the maximum; above 1, the probes measured too little, usually because of another program. */
  readonly fraction: number;
  /** Lower bounds of the step's time in seconds. */
  readonly seconds: Readonly<Record<Part | 'limit', number>>;
}

export function judgeStep(limits: MeasuredLimits, step: MeasuredStep): Verdict {
  const { layers, batchSize, dispatches } = step;
  const { arithmetic, memory, latency } = limits;
  const bytes = stepBytes(layers, batchSize);
  const large = Math.max(memory.read.value, memory.copy.value);
  // Data that fits into the caches is still there in the next step.
  const bandwidth = bytes <= memory.smallBytes ? Math.max(memory.cached.value, large) : large;
  const compute = stepFlop(layers, batchSize) / arithmetic.value;
  const transfer = bytes / bandwidth;
  const dispatch = dispatches * latency.dispatch.value;
  // One submit covers many steps, so its cost is left out.
  const host = dispatches * latency.encode.value;
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
