/** Flags for other programs, a slowing processor, and threads that slow the CPU engine down. */
import type { Pulse } from './pulse.ts';
import type { Block, Flag, WorkloadResult } from './result/schema.ts';
import { describeThreads } from './result/sentences.ts';
import { median } from './statistics.ts';

/** Share of the processor that other programs may take before a run. */
const maxTakenIdle = 0.1;
/** Share of rounds that may stay disturbed. */
const maxDisturbed = 0.2;
/** Slowdown of the pulse that is tolerated. */
const maxSlowdown = 1.2;
/** Repeats do not depend on the processor alone, so they must slow down by at least pulse ** agreement. */
const agreement = 0.5;

/** Whether other programs keep the processor busy. @param pulses taken while the benchmark is idle */
export function isBusy(pulses: readonly Pulse[]): boolean {
  return pulses.length > 0 && takenOn(pulses) > maxTakenIdle;
}

/** Median share of the processor that other programs took. */
export function takenOn(pulses: readonly Pulse[]): number {
  return pulses.length === 0 ? 0 : median(pulses.map(({ taken }) => taken));
}

export function summarizePulses(pulses: readonly Pulse[]): Pick<Block, 'beatSeconds' | 'taken'> {
  if (pulses.length === 0) return {};
  return {
    beatSeconds: median(pulses.map(({ beatSeconds }) => beatSeconds)),
    taken: pulses.reduce((sum, { taken }) => sum + taken, 0) / pulses.length,
  };
}

/** Counts of all rounds, of rounds measured again, and of rounds that stayed disturbed. */
export interface DisturbedRounds {
  readonly rounds: number;
  readonly again: number;
  readonly kept: number;
}

/** @param taken mean share of the processor that other programs took */
export function disturbanceFlags(
  { rounds, again, kept }: DisturbedRounds,
  taken: number,
): readonly Flag[] {
  if (again === 0) return [];
  const share = `${Math.round(100 * taken)} % of the processor`;
  if (kept > maxDisturbed * rounds) {
    return [
      {
        kind: 'busy',
        message:
          `Other programs disturbed ${kept} of ${rounds} rounds and took ${share} on average. ` +
          'The figures are those of a busy machine. Close other programs and run it again.',
        isVoid: false,
      },
    ];
  }
  return [
    {
      kind: 'disturbed',
      message: `Other programs disturbed ${again} ${again === 1 ? 'round, which was' : 'rounds, which were'} measured again${kept === 0 ? '' : `; ${kept} of ${rounds} rounds stayed disturbed`}.`,
      isVoid: false,
    },
  ];
}

/**
 * Slowdown of the pulse and of the repeats from the first blocks to the last; undefined if it is within the noise, or if
 * the repeats do not confirm it, since then the pulse was measured wrongly.
 * @param blocks at least three, in the order of the run
 */
export function findSlowdown(
  blocks: readonly Pick<Block, 'beatSeconds'>[],
  workloads: readonly RatesByBlock[],
): { readonly pulse: number; readonly repeats: number } | undefined {
  const beats = blocks.map(({ beatSeconds }) => beatSeconds ?? NaN);
  const pulse = lastOverFirst(beats);
  if (!(pulse > maxSlowdown)) return undefined;
  const ratios = workloads.map((rates) => 1 / lastOverFirst(rates)).filter(Number.isFinite);
  if (ratios.length === 0) return undefined;
  const repeats = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  return repeats > pulse ** agreement ? { pulse, repeats } : undefined;
}

/** Block medians of samples per second of one backend on one workload. */
export type RatesByBlock = readonly number[];

/** The median of the last third relative to the first third; NaN for fewer than three values. */
function lastOverFirst(values: readonly number[]): number {
  if (values.length < 3) return NaN;
  const third = Math.max(1, Math.floor(values.length / 3));
  return median(values.slice(-third)) / median(values.slice(0, third));
}

/** Flags a thread count that was certainly slower than one thread. */
export function threadFlags({ name, ratios, series }: WorkloadResult): readonly Flag[] {
  const ratio = ratios.find(({ of, over }) => of === 'cpu' && over === 'cpu-1');
  const threads = series.find(({ backend }) => backend === 'cpu')?.threads ?? [];
  if (!ratio || ratio.high >= 1 || ratio.middle > 0.95 || Math.max(1, ...threads) === 1) return [];
  return [
    {
      kind: 'threads',
      message: `${name} trained ${ratio.middle.toFixed(2)} times as fast on ${describeThreads(threads)} as on one. Ratios use the faster of the two.`,
      isVoid: false,
      workload: name,
      backend: 'cpu',
    },
  ];
}
