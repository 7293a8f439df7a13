import type { Passes } from '../program.ts';
import type { BatchTimer } from './batchTimer.ts';

/** A measured value and the spread of its rounds. */
export interface Measured {
  readonly value: number;
  /**
   * (longest − shortest) / median of the round times; 0 for a single round. A large spread means that other work was
   * running.
   */
  readonly spread: number;
  readonly rounds: number;
}

export interface SlopeOptions {
  /** Maximum rounds. At least two rounds run, unless this is 1. */
  readonly rounds: number;
  /** Time from `performance.now()` after which no third round begins. */
  readonly deadline: number;
  /** Whether the commands have run before. The first run includes compiling, paging in or clearing. */
  readonly isWarm?: boolean;
}

/** Maximum repetitions. Beyond it, recording takes longer than the work, and no adapter is that fast. */
const maxRepeats = 2 ** 16;

/**
 * Minimum slope as a share of T(3R) / 3R. Batches are long compared with the cost of a submit and a wait, so the slope
 * cannot be much smaller. If it is, other load made T(R) longer, and the slope would promise a speed that no adapter
 * reaches.
 */
const minSlope = 0.9;

/**
 * Measures the seconds of one repetition as (T(3R) − T(R)) / 2R; the cost of a submit and a wait cancels out. R grows
 * until a batch is long enough for the clock, but no longer: of many short rounds, some run undisturbed. The minimum
 * T(R) and the minimum T(3R) count, because other load on a machine can only add time.
 * @param record records the given number of repetitions
 */
export async function measureSlope(
  timer: Pick<BatchTimer, 'run' | 'emptySeconds' | 'minSeconds'>,
  record: (passes: Passes, times: number) => void,
  { rounds, deadline, isWarm = false }: SlopeOptions,
): Promise<Measured> {
  const time = (times: number) => timer.run((passes) => record(passes, times));
  const wanted = timer.minSeconds;
  if (!isWarm) await time(1);
  let repeats = 1;
  let shorts: number[] = [];
  let longs: number[] = [];
  const minRounds = Math.min(2, rounds);
  while (longs.length < minRounds || (longs.length < rounds && !isPast(deadline))) {
    const short = await time(repeats);
    const net = Math.max(short - timer.emptySeconds, 0);
    // An earlier batch may have been long enough only by chance.
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

/** Returns the spread of several samples. */
export function spreadOf(samples: readonly number[]): Pick<Measured, 'spread' | 'rounds'> {
  const sorted = [...samples].sort((a, b) => a - b);
  const range = sorted.at(-1)! - sorted[0]!;
  return {
    spread: range === 0 ? 0 : range / Math.abs(median(sorted)),
    rounds: samples.length,
  };
}

/** Returns the middle sample, or the mean of the two middle ones. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

function isPast(deadline: number): boolean {
  return performance.now() > deadline;
}
