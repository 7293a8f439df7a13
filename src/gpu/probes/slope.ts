import type { BatchTimer } from './batchTimer.ts';

/** A figure and how far apart the rounds were that it comes from. */
export interface Measured {
  readonly value: number;
  /** (longest − shortest) / middle of the rounds’ times; 0 where there was one. Much means that something else ran. */
  readonly spread: number;
  readonly rounds: number;
}

export interface SlopeOptions {
  /** Rounds at most; two at least, where not one is asked for. */
  readonly rounds: number;
  /** Of `performance.now()`; once it is past, no third round begins. */
  readonly deadline: number;
  /** Whether it was run before; what was not is compiled, paged in or cleared at first. */
  readonly isWarm?: boolean;
}

/** Above this, recording a batch takes longer than what it measures, and no adapter is so fast. */
const maxRepeats = 2 ** 16;

/**
 * How far below T(3R) / 3R a slope can be. Batches are long beside what a submit and a wait cost, so a slope that says
 * more comes from a T(R) that something else on the machine made longer, and promises what no adapter keeps.
 */
const minSlope = 0.9;

/**
 * Seconds that one repetition takes: (T(3R) − T(R)) / 2R, in which what a submit and a wait cost cancels out. R grows
 * until a batch takes long enough for the clock, and no longer: of many short rounds, some go by undisturbed. The
 * least T(R) and the least T(3R) of all count, since whatever else runs on a machine only ever adds.
 * @param record records so many repetitions
 */
export async function measureSlope(
  timer: Pick<BatchTimer, 'run' | 'emptySeconds' | 'minSeconds'>,
  record: (pass: GPUComputePassEncoder, times: number) => void,
  { rounds, deadline, isWarm = false }: SlopeOptions,
): Promise<Measured> {
  const time = (times: number) => timer.run((pass) => record(pass, times));
  const wanted = timer.minSeconds;
  if (!isWarm) await time(1);
  let repeats = 1;
  let shorts: number[] = [];
  let longs: number[] = [];
  const minRounds = Math.min(2, rounds);
  while (longs.length < minRounds || (longs.length < rounds && !isPast(deadline))) {
    const short = await time(repeats);
    const net = Math.max(short - timer.emptySeconds, 0);
    // That an earlier one took long enough may have been chance.
    const isTooShort = net < (longs.length === 0 ? wanted : wanted / 2);
    if (isTooShort && repeats < maxRepeats) {
      const growth = Math.min(8, Math.max(1.5, (1.2 * wanted) / net));
      repeats = Math.min(maxRepeats, Math.ceil(repeats * growth));
      shorts = [];
      longs = [];
      continue;
    }
    shorts.push(short);
    longs.push(await time(3 * repeats));
  }
  const long = Math.min(...longs);
  const whole = (long > timer.emptySeconds ? long - timer.emptySeconds : long) / (3 * repeats);
  const slope = (long - Math.min(...shorts)) / (2 * repeats);
  return {
    value: Math.min(whole, Math.max(slope, minSlope * whole)),
    ...spreadOf(longs),
  };
}

/** The spread of several samples. */
export function spreadOf(samples: readonly number[]): Pick<Measured, 'spread' | 'rounds'> {
  const sorted = [...samples].sort((a, b) => a - b);
  const range = sorted.at(-1)! - sorted[0]!;
  return {
    spread: range === 0 ? 0 : range / Math.abs(median(sorted)),
    rounds: samples.length,
  };
}

/** The middle one, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

function isPast(deadline: number): boolean {
  return performance.now() > deadline;
}
