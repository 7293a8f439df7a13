/**
 * Successive halving: measures all candidates, keeps the faster half, and repeats. Each round measures the candidates
 * in turn, so that other load on the machine affects all of them.
 */

/** A contender and its measurements so far. */
export interface Standing<T> {
  readonly contender: T;
  /** Seconds, one sample per round. */
  readonly samples: readonly number[];
}

export interface HalvingResult<T> {
  /** The best challenger if it is clearly faster, otherwise the incumbent. */
  readonly winner: T;
  readonly incumbent: Standing<T>;
  /** The best challenger; undefined if none was measured. */
  readonly best: Standing<T> | undefined;
  /** Number of challengers measured. */
  readonly measured: number;
}

export interface HalvingOptions<T> {
  /** Measures a contender once; resolves to seconds. */
  readonly time: (contender: T) => Promise<number>;
  /** Called before each measurement; true stops with the measurements made so far. */
  readonly isOver: () => boolean;
}

/** A winner must be faster by this share. Otherwise noise would give each run another plan. */
export const minGain = 0.03;
/** Rounds between the last challenger and the incumbent. They stop early once the result is clear. */
const duelRounds = { min: 3, max: 10 } as const;

/**
 * Checks whether one of the challengers is faster than the incumbent.
 * @param challengers the most promising first; if time runs out, the last ones are not measured
 */
export async function halve<T>(
  incumbent: T,
  challengers: readonly T[],
  { time, isOver }: HalvingOptions<T>,
): Promise<HalvingResult<T>> {
  const samples = new Map<T, number[]>([incumbent, ...challengers].map((one) => [one, []]));
  const of = (contender: T) => samples.get(contender)!;
  /** Runs a round; resolves to whether it was completed. */
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
  // In an incomplete round, some contenders have one sample more than others, although all reached the same round.
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

/** The minimum is the best estimate, because other load on a machine can only add time. */
export function minBy(samples: readonly number[]): number {
  return Math.min(...samples);
}

/** Relative difference between the two smallest times: an estimate of the uncertainty of the minimum. */
export function uncertainty(samples: readonly number[]): number {
  if (samples.length < 2) return Infinity;
  const [min, second] = samples.toSorted((a, b) => a - b);
  return (second! - min!) / min!;
}

/** Whether `samples` are faster than `others` by more than the noise and by at least {@link minGain}. */
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
