/**
 * Chooses the fastest of several ways to do the same work, such as numbers of threads, from trials on a noisy machine.
 *
 * Each round tries all candidates, and candidates are compared within a round. A disturbance longer than a round slows
 * all candidates down, so their ratios stay the same. A shorter one affects a single ratio, which the median ignores.
 * The interval of a median depends only on the order of the values, so it is valid for noise of any distribution (David
 * and Nagaraja, "Order Statistics", 3rd edition, 7.1).
 */

/** A median and its confidence interval. With 5 or more values, the confidence is at least 92 %. */
export interface MedianInterval {
  readonly middle: number;
  readonly low: number;
  readonly high: number;
}

export interface Choice {
  /** Index of the candidate. */
  readonly chosen: number;
  /** The time of each candidate divided by that of the chosen one. */
  readonly ratios: readonly MedianInterval[];
  readonly rounds: number;
}

export interface Verdict extends Choice {
  /** Indices of the candidates that further rounds should try. */
  readonly remaining: readonly number[];
}

export interface TrialLimits {
  /** Milliseconds of trials. Long rounds may exceed it, so that there are enough of them. */
  readonly budgetMs: number;
  /** Default `performance.now`. */
  readonly now?: () => number;
}

/** With this many rounds or more, a single disturbed round does not move the ends of an interval. */
const usualRounds = 8;
/**
 * If the median ratio of another candidate is below `doubtful`, the choice is uncertain. Trials then continue for up to
 * `doubtfulBudgets` budgets.
 */
const doubtful = 0.95;
const doubtfulBudgets = 2;
/** Trials with long rounds end after this many budgets, if there were at least `minRounds` rounds. */
const longRoundBudgets = 4;
const minRounds = 3;
/** Limits the rounds even if the clock stands still, as in tests. */
const maxRounds = 100;
/** A candidate is dropped if its ratio to a better one exceeds this in every round so far, after `minRounds` rounds. */
const hopeless = 1.15;
const confidence = 0.92;

/** @param values at least one */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = [...values].sort((a, b) => a - b);
  const { length } = sorted;
  const middle = (sorted[(length - 1) >> 1]! + sorted[length >> 1]!) / 2;
  // The median lies outside the k-th lowest and k-th highest value when fewer than k of n fair coins show heads, or
  // fewer than k show tails.
  let k = 0;
  let probability = 0.5 ** length;
  for (let inside = 1; k < length / 2; k++) {
    inside -= 2 * probability;
    if (k > 0 && inside < confidence) break;
    probability *= (length - k) / (k + 1);
  }
  return { middle, low: sorted[k - 1]!, high: sorted[length - k]! };
}

/** The resolution of the clock in milliseconds; 0 if it stands still. Measuring takes one tick. */
export function timerResolution(): number {
  const begin = performance.now();
  for (let reads = 0; reads < 1e6; reads++) {
    const step = performance.now() - begin;
    if (step > 0) return step;
  }
  return 0;
}

/**
 * Finds the fastest candidate. If several could be the fastest, it chooses the first of them, because candidates are in
 * order of preference.
 * @param rounds at least one; times of the same work by candidate, NaN for candidates not tried. The first candidate
 *   must be tried in every round.
 */
export function judge(rounds: readonly (readonly number[])[]): Verdict {
  const candidates = rounds[0]!.map((_, c) => c);
  const ratiosOf = (c: number, over: number) =>
    rounds
      .filter((times) => !Number.isNaN(times[c]! + times[over]!))
      .map((times) => (times[c] === times[over] ? 1 : times[c]! / times[over]!));
  const toFirst = candidates.map((c) => medianInterval(ratiosOf(c, 0)).middle);
  const best = toFirst.indexOf(Math.min(...toFirst));
  const chosen = candidates.find((c) => !(medianInterval(ratiosOf(c, best)).low > 1))!;
  // Only candidates after the best one are dropped. Those before it may be slow because another process uses a core.
  const remaining = candidates.filter((c) => {
    const ratios = ratiosOf(c, best);
    const isHopeless = ratios.length >= minRounds && ratios.every((ratio) => ratio > hopeless);
    return c <= best || !isHopeless;
  });
  const ratios = candidates.map((c) => medianInterval(ratiosOf(c, chosen)));
  return { chosen, ratios, rounds: rounds.length, remaining };
}

/**
 * Tries candidates until one is left or the time is over.
 * @param candidates in order of preference; each does some work and returns the time of a fixed amount of it
 */
export async function chooseFastest(
  candidates: readonly (() => Promise<number>)[],
  { budgetMs, now = () => performance.now() }: TrialLimits,
): Promise<Choice> {
  const begin = now();
  const rounds: number[][] = [];
  for (let remaining: readonly number[] = candidates.map((_, c) => c); ;) {
    const times = candidates.map(() => NaN);
    // The order alternates between forward and backward, so that drift favours no candidate.
    const order = rounds.length % 2 === 0 ? remaining : remaining.toReversed();
    for (const c of order) times[c] = await candidates[c]!();
    rounds.push(times);
    const verdict = judge(rounds);
    ({ remaining } = verdict);
    const budgets = (now() - begin) / budgetMs;
    const isDoubtful = verdict.ratios.some(({ middle }) => middle < doubtful);
    const isOver =
      remaining.length === 1 ||
      rounds.length >= maxRounds ||
      (budgets >= (isDoubtful ? doubtfulBudgets : 1) && rounds.length >= usualRounds) ||
      (budgets >= longRoundBudgets && rounds.length >= minRounds);
    if (isOver) return verdict;
  }
}
