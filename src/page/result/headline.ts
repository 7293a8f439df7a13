/** The part of a result that is read in five seconds: scores, which backend wins, whether it is verified, what counts against it. */
import type { BenchmarkResult, Flag, Score } from '../../benchmark/result/schema.ts';
import {
  describeFlag,
  formatInterval,
  formatUncertainty,
  scoreTitle,
  backendNames,
} from '../../benchmark/result/words.ts';
import {
  bottleneckSentences,
  intervalSentence,
  scaleSentence,
} from '../../benchmark/result/sentences.ts';
import { make } from '../elements.ts';
import { formatCount } from '../format.ts';
import { isSoftware } from './lookUp.ts';
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

/** @param tag says that the result was not made just now, and where it is from */
export function makeHeadline(result: BenchmarkResult, tag: string | undefined): HTMLElement {
  return make(
    'div',
    { class: 'headline' },
    ...(tag === undefined ? [] : [make('p', { class: 'tag' }, tag)]),
    make('p', { class: 'small' }, machineSentence(result)),
    makeScores(result),
    makeVerdict(result),
    ...makeNotes(result),
    make('p', { class: 'small' }, originSentence(result)),
  );
}

/** Of each backend its score, or why it has none. */
function makeScores(result: BenchmarkResult): HTMLElement {
  const { scores } = result;
  const blocks =
    scores.length === 0
      ? [makeVoid('No score', voidReason(result))]
      : scoreOrder.flatMap((backend) => {
          const score = scores.find((one) => one.backend === backend);
          if (score) return [makeScore(score)];
          const reasons = voidFlags(result, backend);
          const title =
            backend === 'webgpu' ? 'No GPU score' : `No score of ${backendNames[backend]}`;
          return reasons.length > 0 ? [makeVoid(title, reasons[0]!.message)] : [];
        });
  return arrangeScores(blocks, [
    ...result.flags.filter(isBusy).map(describeFlag),
    ...scoreNotes(scores, scores[0]?.workloads ?? []),
    ...(scores.length > 0 ? [scaleSentence()] : []),
    ...(result.workloads.length > 0 ? [intervalSentence(result)] : []),
  ]);
}

/** @param blocks the first of them large */
export function arrangeScores(
  blocks: readonly HTMLElement[],
  notes: readonly string[],
): HTMLElement {
  blocks[0]?.classList.add('is-first');
  return make(
    'div',
    { class: 'scores', role: 'group', 'aria-label': 'Scores' },
    ...blocks,
    ...notes.map((note) => make('p', { class: 'small score-note' }, note)),
  );
}

export function makeScore(score: PlainScore): HTMLElement {
  const { middle, backend } = score;
  return make(
    'div',
    { class: 'score' },
    make('p', { class: 'score-title' }, scoreTitle(score)),
    make(
      'p',
      { class: `score-value ink-${backend}`, 'data-score': backend },
      formatCount(middle),
      make('span', { class: 'score-error' }, ` ${formatUncertainty(score)}`),
    ),
    make('p', { class: 'small' }, `interval ${formatInterval(score, formatCount)}`),
  );
}

export function makeVoid(title: string, why: string): HTMLElement {
  return make(
    'div',
    { class: 'score' },
    make('p', { class: 'score-title' }, title),
    make('p', { 'data-void': '' }, why),
  );
}

/** Flags that stand next to the score, which they do not void. */
function isBusy({ kind, isVoid }: Flag): boolean {
  return kind === 'busy' && !isVoid;
}

/** What voids the score of one backend and not of others. */
function voidFlags({ flags }: BenchmarkResult, backend: Score['backend']): readonly Flag[] {
  return flags.filter((flag) => flag.isVoid && flag.backend === backend);
}

/** Whether a flag's message stands where a score would. */
function isShownAbove(flag: Flag, { flags, scores }: BenchmarkResult): boolean {
  const alike = flags.filter(
    ({ isVoid, backend }) => isVoid && (scores.length === 0 || backend === flag.backend),
  );
  return alike[0] === flag;
}

function makeVerdict(result: BenchmarkResult): HTMLElement {
  const verified = verificationSentence(result);
  const isWrong = verified?.isVerified === false;
  const winner = isWrong
    ? 'The GPU computed wrong values, so its speed means nothing.'
    : crossoverSentence(result);
  return make(
    'div',
    { class: 'verdict' },
    make('p', { class: 'verdict-line', 'data-crossover': '' }, winner),
    ...(isWrong ? [] : [make('p', {}, speedUpSentence(result))]),
    ...bottleneckSentences(result).map((sentence) =>
      make('p', { class: 'small', 'data-bottleneck': '' }, sentence),
    ),
    ...(verified ? [makeBadge(verified.isVerified, verified.text)] : []),
  );
}

export function makeBadge(isVerified: boolean, text: string): HTMLElement {
  return make(
    'p',
    { class: isVerified ? 'badge is-right' : 'badge is-wrong', 'data-verified': '' },
    make('span', { 'aria-hidden': 'true' }, isVerified ? '✓ ' : '✗ '),
    text,
  );
}

/** What counts against the result; what voids a score stands where that would be. */
function makeNotes(result: BenchmarkResult): HTMLElement[] {
  const { flags, environment, scores } = result;
  const notes = flags
    .filter((flag) => !isBusy(flag) && !isShownAbove(flag, result))
    .map(describeFlag);
  if (!environment.isIsolated && environment.runtime === 'browser') {
    notes.push(
      'The page is not cross-origin isolated: the CPU had one thread, and the timer is coarse.',
    );
  }
  if (isSoftware(result) && scores.length === 0) {
    notes.push(
      'The adapter is software: it computes on the CPU, so its speed is not that of a GPU.',
    );
  }
  return makeNotesList(notes);
}

/** No list where there is nothing to note. */
export function makeNotesList(notes: readonly string[]): HTMLElement[] {
  if (notes.length === 0) return [];
  return [
    make('ul', { class: 'flags', 'aria-label': 'Notes' }, ...notes.map((n) => make('li', {}, n))),
  ];
}
