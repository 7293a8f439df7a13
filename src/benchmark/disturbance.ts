/** What happened to the processor while it was measured, and whether a result is void for it. Pure functions. */
import type { Pulse } from './pulse.ts';
import type { Block, Flag, WorkloadResult } from './result/schema.ts';
import { describeThreads } from './result/sentences.ts';
import { median } from './statistics.ts';

/** Share of the processor that other programs may take, on average, before a run begins. */
const maxTakenIdle = 0.1;
/** Share of the rounds that may stay disturbed. */
const maxDisturbed = 0.2;
/** How much slower the processor may become by its pulse. */
const maxSlowdown = 1.2;
/** The repeats agree if they became slower by the square root of that at least: not all of them depend on the processor alone. */
const agreement = 0.5;

/** Whether other programs keep the processor busy. @param pulses taken while the benchmark does nothing */
export function isBusy(pulses: readonly Pulse[]): boolean {
  return pulses.length > 0 && takenOn(pulses) > maxTakenIdle;
}

/** Median share that other programs took. */
export function takenOn(pulses: readonly Pulse[]): number {
  return pulses.length === 0 ? 0 : median(pulses.map(({ taken }) => taken));
}

/** A block's pulses in two numbers. */
export function summarizePulses(pulses: readonly Pulse[]): Pick<Block, 'beatSeconds' | 'taken'> {
  if (pulses.length === 0) return {};
  return {
    beatSeconds: median(pulses.map(({ beatSeconds }) => beatSeconds)),
    taken: pulses.reduce((sum, { taken }) => sum + taken, 0) / pulses.length,
  };
}

/** Rounds that were measured again, and that stayed disturbed, of so many. */
export interface DisturbedRounds {
  readonly rounds: number;
  readonly again: number;
  readonly kept: number;
}

/** What is to be said of other programs; nothing where they left the processor alone. */
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
          `Other programs were at work in ${kept} of ${rounds} rounds and took ${share} on average. ` +
          'The figures are of a busy machine: close what is running and run it again.',
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
 * How many times slower the processor became from the first blocks to the last, by its pulse; undefined unless that is more
 * than noise and the repeats agree. A pulse that slows down alone was measured wrongly.
 * @param blocks at least three, in the order in which they ran
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

/** Block medians of one backend on one workload. */
export type RatesByBlock = readonly number[];

/** The median of the last third over that of the first; NaN where there are fewer than three. */
function lastOverFirst(values: readonly number[]): number {
  if (values.length < 3) return NaN;
  const third = Math.max(1, Math.floor(values.length / 3));
  return median(values.slice(-third)) / median(values.slice(0, third));
}

/** Whether several threads were slower than one, for certain: their number was chosen wrongly, or changed its worth on the way. */
export function threadFlags({ name, ratios, series }: WorkloadResult): readonly Flag[] {
  const ratio = ratios.find(({ of, over }) => of === 'cpu' && over === 'cpu-1');
  const threads = series.find(({ backend }) => backend === 'cpu')?.threads ?? [];
  if (!ratio || ratio.high >= 1 || ratio.middle > 0.95 || Math.max(1, ...threads) === 1) return [];
  return [
    {
      kind: 'threads',
      message: `${name} trained ${ratio.middle.toFixed(2)} times as fast on ${describeThreads(threads)} as on one. Ratios are to the faster of the two.`,
      isVoid: false,
      workload: name,
      backend: 'cpu',
    },
  ];
}
