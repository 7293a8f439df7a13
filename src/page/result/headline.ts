/** The top of a result: scores, which backend wins, whether it is verified, and notes. */
import type { BenchmarkResult, Flag } from '../../benchmark/result/schema.ts';
import {
  bottleneckSentences,
  intervalSentence,
  scaleSentence,
} from '../../benchmark/result/sentences.ts';
import {
  backendNames,
  describeFlag,
  formatInterval,
  formatUncertainty,
  scoreTitle,
} from '../../benchmark/result/words.ts';
import { make, makeNotes } from '../elements.ts';
import { formatCount } from '../format.ts';
import {
  crossoverSentence,
  machineSentence,
  originSentence,
  scoreNotes,
  scoreOrder,
  speedUpSentence,
  verificationSentence,
  voidReason,
  type PlainScore,
} from './findings.ts';
import { isSoftware } from './lookUp.ts';

/** @param tag where the result is from, if it was not made here just now */
export function makeHeadline(result: BenchmarkResult, tag: string | undefined): HTMLElement {
  return make(
    'div.headline',
    tag !== undefined && make('p.tag', tag),
    make('p.small', machineSentence(result)),
    makeScores(result),
    makeVerdict(result),
    makeNotes(notesOf(result)),
    make('p.small', originSentence(result)),
  );
}

function makeScores(result: BenchmarkResult): HTMLElement {
  const { scores, flags, workloads } = result;
  const blocks = scoreOrder.flatMap((backend) => {
    const score = scores.find((one) => one.backend === backend);
    if (score) return [makeScore(score)];
    const reason = flags.find((flag) => flag.isVoid && flag.backend === backend);
    const title = backend === 'webgpu' ? 'No GPU score' : `No score of ${backendNames[backend]}`;
    return reason ? [makeVoid(title, reason.message)] : [];
  });
  return arrangeScores(scores.length > 0 ? blocks : [makeVoid('No score', voidReason(result))], [
    ...flags.filter(isBusy).map(describeFlag),
    ...scoreNotes(scores, scores[0]?.workloads ?? []),
    ...(scores.length > 0 ? [scaleSentence()] : []),
    ...(workloads.length > 0 ? [intervalSentence(result)] : []),
  ]);
}

/** The first block is large. */
export function arrangeScores(
  blocks: readonly HTMLElement[],
  notes: readonly string[],
): HTMLElement {
  blocks[0]?.classList.add('is-first');
  return make(
    'div.scores',
    { role: 'group', 'aria-label': 'Scores' },
    ...blocks,
    ...notes.map((note) => make('p.small.score-note', note)),
  );
}

export function makeScore(score: PlainScore): HTMLElement {
  const { middle, backend } = score;
  return make(
    'div.score',
    make('p.score-title', scoreTitle(score)),
    make(
      `p.score-value.ink-${backend}`,
      { 'data-score': backend },
      formatCount(middle),
      make('span.score-error', ` ${formatUncertainty(score)}`),
    ),
    make('p.small', `interval ${formatInterval(score, formatCount)}`),
  );
}

export function makeVoid(title: string, why: string): HTMLElement {
  return make('div.score', make('p.score-title', title), make('p', { 'data-void': '' }, why));
}

/** A busy machine is noted beside the score. */
function isBusy({ kind, isVoid }: Flag): boolean {
  return kind === 'busy' && !isVoid;
}

/** Whether the flag's message takes the place of a score. */
function replacesScore(flag: Flag, { flags, scores }: BenchmarkResult): boolean {
  const sameBackend = ({ backend }: Flag) => scores.length === 0 || backend === flag.backend;
  return flags.find((one) => one.isVoid && sameBackend(one)) === flag;
}

function makeVerdict(result: BenchmarkResult): HTMLElement {
  const verified = verificationSentence(result);
  const isWrong = verified?.isVerified === false;
  const winner = isWrong
    ? 'The GPU computed wrong values, so its speed means nothing.'
    : crossoverSentence(result);
  return make(
    'div.verdict',
    make('p.verdict-line', { 'data-crossover': '' }, winner),
    !isWrong && make('p', speedUpSentence(result)),
    ...bottleneckSentences(result).map((sentence) => make('p.small', sentence)),
    verified ? makeBadge(verified.isVerified, verified.text) : undefined,
  );
}

export function makeBadge(isVerified: boolean, text: string): HTMLElement {
  return make(
    isVerified ? 'p.badge.is-right' : 'p.badge.is-wrong',
    { 'data-verified': '' },
    make('span', { 'aria-hidden': 'true' }, isVerified ? '✓ ' : '✗ '),
    text,
  );
}

function notesOf(result: BenchmarkResult): string[] {
  const { flags, environment, scores } = result;
  const notes = flags
    .filter((flag) => !isBusy(flag) && !replacesScore(flag, result))
    .map(describeFlag);
  if (!environment.isIsolated && environment.runtime === 'browser') {
    notes.push(
      'The page is not cross-origin isolated: the CPU had one thread, and the timer is coarse.',
    );
  }
  if (isSoftware(result) && scores.length === 0) {
    notes.push('The adapter is software: it computes on the CPU, so its speed is not a GPU’s.');
  }
  return notes;
}
