/**
 * Chooses the fastest of several ways to do the same work, such as numbers of threads, from trials on a noisy machine.
 *
 * All candidates are tried in rounds and compared round by round. A disturbance that lasts longer than a round slows all
 * candidates down and leaves their ratios alone; a shorter one spoils a single ratio, which the median ignores. The
 * interval of a median follows from the order of the values alone, so it holds for noise of any distribution (David and
 * Nagaraja, "Order Statistics", 3rd edition, 7.1).
 */

/** A median and the interval that holds the true one in at least 92 % of all cases, given 5 values or more. */
export interface MedianInterval {
  readonly middle: number;
  readonly low: number;
  readonly high: number;
}

export interface Choice {
  /** Index of the candidate. */
  readonly chosen: number;
  /** For each candidate: how many times as long as the chosen one it takes. */
  readonly ratios: readonly MedianInterval[];
  readonly rounds: number;
}

export interface Verdict extends Choice {
  /** Indices of the candidates that further rounds should try. */
  readonly remaining: readonly number[];
}

export interface TrialLimits {
  /** Milliseconds of trials, unless rounds are so long that this would be too few of them. */
  readonly budgetMs: number;
  /** Default `performance.now`. */
  readonly now?: () => number;
}

/** From this many rounds on, a single disturbed round does not move the ends of an interval. */
const usualRounds = 8;
/**
 * If a candidate behind the chosen one takes at most this share of its time in half of the rounds, trials go on for up
 * to so many budgets.
 */
const doubtful = 0.95;
const doubtfulBudgets = 2;
/** Where rounds are long, trials end after so many budgets if there were a few rounds. */
const longRoundBudgets = 4;
const minRounds = 3;
/** On a clock that stands still, as in tests, too. */
const maxRounds = 100;
/** A candidate that takes this many times as long as a better one in each of the first few rounds is dropped. */
const hopeless = 1.15;
const confidence = 0.92;

/** @param values one at least */
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

/** Milliseconds that the clock moves on at a time. Takes one of its ticks; 0 if it stands still. */
export function timerResolution(): number {
  const begin = performance.now();
  for (let reads = 0; reads < 1e6; reads++) {
    const step = performance.now() - begin;
    if (step > 0) return step;
  }
  return 0;
}

/**
 * Says which candidate is the fastest. Where several may be, it is the first of them: candidates stand in order of
 * preference.
 * @param rounds one at least; times of the same work by candidate, NaN where it was not tried. The first candidate is
 *   tried in every round.
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
  // Only candidates behind a better one are dropped: those before it may be slow because a core is taken for a moment.
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
 * @param candidates in order of preference; each does some of the work and gives the time of a fixed amount of it
 */
export async function chooseFastest(
  candidates: readonly (() => Promise<number>)[],
  { budgetMs, now = () => performance.now() }: TrialLimits,
): Promise<Choice> {
  const begin = now();
  const rounds: number[][] = [];
  for (let remaining: readonly number[] = candidates.map((_, c) => c); ;) {
    const times = candidates.map(() => NaN);
    // Forwards and backwards in turn, so that drift favours no candidate.
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
