/** The part of a result that is read in five seconds: scores, who wins, whether it is verified, and what counts against it. */
import type { BenchmarkResult, Mark, Score } from '../../benchmark/result/schema.ts';
import { describeMark, formatUncertainty, sideNames } from '../../benchmark/result/words.ts';
import { make } from '../elements.ts';
import { formatCount } from '../format.ts';
import { isSoftware } from './lookUp.ts';
import {
  crossoverSentence,
  machineSentence,
  originSentence,
  scoreNotes,
  scoreTitle,
  speedUpSentence,
  verificationSentence,
} from './findings.ts';

/** The GPU first: it is what people come for. */
const scoreOrder: readonly Score['side'][] = ['webgpu', 'cpu', 'cpu-1'];

/** @param origin where the result is from, if it was not made here just now */
export function makeHeadline(result: BenchmarkResult, origin: string | undefined): HTMLElement {
  return make(
    'div',
    { class: 'headline' },
    ...(origin === undefined
      ? []
      : [make('p', { class: 'tag' }, `Opened, not run here: ${origin}`)]),
    make('p', { class: 'small' }, machineSentence(result)),
    makeScores(result),
    makeVerdict(result),
    ...makeNotes(result),
    make('p', { class: 'small' }, originSentence(result)),
  );
}

/** What there is to be said of each side: its score, or why it has none. */
function makeScores(result: BenchmarkResult): HTMLElement {
  const { scores } = result;
  const blocks =
    scores.length === 0
      ? [makeVoid('No score', voidReason(result))]
      : scoreOrder.flatMap((side) => {
          const score = scores.find((one) => one.side === side);
          if (score) return [makeScore(score)];
          const reasons = voidMarks(result, side);
          const title = side === 'webgpu' ? 'No GPU score' : `No score of ${sideNames[side]}`;
          return reasons.length > 0 ? [makeVoid(title, firstMessage(reasons))] : [];
        });
  blocks[0]?.classList.add('is-first');
  return make(
    'div',
    { class: 'scores', role: 'group', 'aria-label': 'Scores' },
    ...blocks,
    ...scoreNotes(scores).map((note) => make('p', { class: 'small score-note' }, note)),
  );
}

function makeScore(score: Score): HTMLElement {
  const { middle, low, high, side } = score;
  return make(
    'div',
    { class: 'score' },
    make('p', { class: 'score-title' }, scoreTitle(score)),
    make(
      'p',
      { class: `score-value ink-${side}`, 'data-score': side },
      formatCount(middle),
      make('span', { class: 'score-error' }, ` ${formatUncertainty(score)}`),
    ),
    make('p', { class: 'small' }, `95\u00a0% interval ${formatCount(low)} to ${formatCount(high)}`),
  );
}

function makeVoid(title: string, why: string): HTMLElement {
  return make(
    'div',
    { class: 'score' },
    make('p', { class: 'score-title' }, title),
    make('p', { 'data-void': '' }, why),
  );
}

/** Why no side has a score. */
function voidReason({ marks, workloads }: BenchmarkResult): string {
  const reasons = firstMessage(marks.filter(({ isVoid }) => isVoid));
  if (reasons !== '') return reasons;
  return workloads.length === 0
    ? 'Nothing was finished.'
    : 'No side ran a workload that the score counts.';
}

/** What voids the score of one side and not of others. */
function voidMarks({ marks }: BenchmarkResult, side: Score['side']): readonly Mark[] {
  return marks.filter((mark) => mark.isVoid && mark.side === side);
}

/** The first says enough at a glance; the others stand among the notes. */
function firstMessage(marks: readonly Mark[]): string {
  return marks[0]?.message ?? '';
}

/** Whether a mark's message stands where a score would. */
function isShownAbove(mark: Mark, { marks, scores }: BenchmarkResult): boolean {
  const alike = marks.filter(
    ({ isVoid, side }) => isVoid && (scores.length === 0 || side === mark.side),
  );
  return alike[0] === mark;
}

function makeVerdict(result: BenchmarkResult): HTMLElement {
  const verified = verificationSentence(result);
  const isWrong = verified?.isVerified === false;
  const winner = isWrong
    ? 'What the GPU computed is not right, so its speed says nothing.'
    : crossoverSentence(result);
  const badge =
    verified === null
      ? []
      : [
          make(
            'p',
            {
              class: verified.isVerified ? 'badge is-right' : 'badge is-wrong',
              'data-verified': '',
            },
            make('span', { 'aria-hidden': 'true' }, verified.isVerified ? '✓ ' : '✗ '),
            verified.text,
          ),
        ];
  return make(
    'div',
    { class: 'verdict' },
    make('p', { class: 'verdict-line', 'data-crossover': '' }, winner),
    ...(isWrong ? [] : [make('p', {}, speedUpSentence(result))]),
    ...badge,
  );
}

/** What counts against the result; what voids a score stands where that would be. */
function makeNotes(result: BenchmarkResult): HTMLElement[] {
  const { marks, environment, scores } = result;
  const notes = marks.filter((mark) => !isShownAbove(mark, result)).map(describeMark);
  if (environment.noAdapter !== undefined) notes.push(environment.noAdapter);
  if (!environment.isIsolated && environment.runtime === 'browser') {
    notes.push(
      'The page is not cross-origin isolated: the CPU had one thread, and the timer is coarse.',
    );
  }
  if (isSoftware(result) && scores.length === 0) {
    notes.push('The adapter is software: it computes on the CPU, and says nothing about a GPU.');
  }
  if (notes.length === 0) return [];
  return [
    make('ul', { class: 'marks', 'aria-label': 'Notes' }, ...notes.map((n) => make('li', {}, n))),
  ];
}
