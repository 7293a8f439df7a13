/**
 * Successive halving: measure all, go on with the better half, measure that again. Each round takes its measurements
 * in turn, so that what else runs on the machine meets everybody.
 */

/** What is measured, and how often so far. */
export interface Standing<T> {
  readonly contender: T;
  /** Seconds, one a round. */
  readonly samples: readonly number[];
}

export interface HalvingResult<T> {
  /** The best challenger where it surely is better, else the incumbent. */
  readonly winner: T;
  readonly incumbent: Standing<T>;
  /** The challenger that came furthest; undefined where none was measured. */
  readonly best: Standing<T> | undefined;
  /** Challengers that were measured at all. */
  readonly measured: number;
}

export interface HalvingOptions<T> {
  /** Seconds that one measurement gives. */
  readonly time: (contender: T) => Promise<number>;
  /** Asked before each measurement; true ends it with what is known by then. */
  readonly isOver: () => boolean;
}

/** A winner has to be this much faster, or each run would have another plan. */
export const minGain = 0.03;
/** Rounds of the last challenger and the incumbent, which end once they have told. */
const duelRounds = { min: 3, max: 10 } as const;

/**
 * Finds out whether one of the challengers is faster than the incumbent.
 * @param challengers the most promising first: where time runs out, the others are not looked at
 */
export async function halve<T>(
  incumbent: T,
  challengers: readonly T[],
  { time, isOver }: HalvingOptions<T>,
): Promise<HalvingResult<T>> {
  const samples = new Map<T, number[]>([incumbent, ...challengers].map((one) => [one, []]));
  const of = (contender: T) => samples.get(contender)!;
  /** Whether the whole round was measured. */
  const round = async (contenders: readonly T[]): Promise<boolean> => {
    for (const contender of contenders) {
      if (isOver()) return false;
      of(contender).push(await time(contender));
    }
    return true;
  };
  const ranked = (some: readonly T[]) =>
    some
      .filter((one) => of(one).length > 0)
      .toSorted((a, b) => of(b).length - of(a).length || minBy(of(a)) - minBy(of(b)));

  let left = challengers;
  let goesOn = left.length > 0 && (await round([incumbent, ...left]));
  while (goesOn && left.length > 1) {
    left = ranked(left).slice(0, Math.ceil(left.length / 2));
    goesOn = await round([incumbent, ...left]);
  }
  while (goesOn && isOpen(of(incumbent), of(left[0]!))) {
    goesOn = await round([incumbent, left[0]!]);
  }
  // A round that was cut short has measured some once more than others; all of them came as far.
  const best = ranked(left)[0] ?? ranked(challengers)[0];
  const standing = (contender: T) => ({ contender, samples: of(contender) });
  const wins = best !== undefined && isFaster(of(best), of(incumbent));
  return {
    winner: wins ? best : incumbent,
    incumbent: standing(incumbent),
    best: best === undefined ? undefined : standing(best),
    measured: challengers.filter((one) => of(one).length > 0).length,
  };
}

/** Whatever else runs on a machine only ever adds. */
export function minBy(samples: readonly number[]): number {
  return Math.min(...samples);
}

/** How well the least of some times is known: as well as the second least agrees with it. */
export function uncertainty(samples: readonly number[]): number {
  if (samples.length < 2) return Infinity;
  const [min, second] = samples.toSorted((a, b) => a - b);
  return (second! - min!) / min!;
}

/** Whether `samples` are of something faster than `others`, by more than the noise and by enough to matter. */
export function isFaster(samples: readonly number[], others: readonly number[]): boolean {
  const margin = Math.max(minGain, uncertainty(samples), uncertainty(others));
  return minBy(samples) < (1 - margin) * minBy(others);
}

/** Whether further rounds may still show that the challenger is faster. */
function isOpen(incumbent: readonly number[], challenger: readonly number[]): boolean {
  if (minBy(challenger) > (1 - minGain / 2) * minBy(incumbent)) return false;
  const rounds = challenger.length;
  return rounds < duelRounds.min || (rounds < duelRounds.max && !isFaster(challenger, incumbent));
}
