/** The part of a result that is read in five seconds: scores, who wins, whether it is verified, and what counts against it. */
import type { BenchmarkResult, Score } from '../../benchmark/result/schema.ts';
import { describeMark, formatUncertainty } from '../../benchmark/result/words.ts';
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
  const scores = scoreOrder.flatMap((side) => result.scores.find((s) => s.side === side) ?? []);
  return make(
    'div',
    { class: 'headline' },
    ...(origin === undefined
      ? []
      : [make('p', { class: 'tag' }, `Opened, not run here: ${origin}`)]),
    make('p', { class: 'small' }, machineSentence(result)),
    scores.length > 0 ? makeScores(scores) : makeVoid(result),
    makeVerdict(result),
    ...makeMarks(result),
    make('p', { class: 'small' }, originSentence(result)),
  );
}

function makeScores(scores: readonly Score[]): HTMLElement {
  const [first] = scores;
  return make(
    'div',
    { class: 'scores', role: 'group', 'aria-label': 'Scores' },
    ...scores.map((score) => makeScore(score, score === first)),
    ...scoreNotes(scores).map((note) => make('p', { class: 'small score-note' }, note)),
  );
}

function makeScore(score: Score, isFirst: boolean): HTMLElement {
  const { middle, low, high, side } = score;
  return make(
    'div',
    { class: isFirst ? 'score is-first' : 'score' },
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

function makeVoid({ marks, workloads }: BenchmarkResult): HTMLElement {
  const reasons = marks.filter(({ isVoid }) => isVoid).map(({ message }) => message);
  const why =
    reasons.length > 0
      ? reasons.join(' ')
      : workloads.length === 0
        ? 'Nothing was finished.'
        : 'No side ran a workload that the score counts.';
  return make(
    'div',
    { class: 'scores', role: 'group', 'aria-label': 'Scores' },
    make(
      'div',
      { class: 'score is-first' },
      make('p', { class: 'score-title' }, 'No score'),
      make('p', { 'data-void': '' }, why),
    ),
  );
}

function makeVerdict(result: BenchmarkResult): HTMLElement {
  const verified = verificationSentence(result);
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
    make('p', { class: 'verdict-line', 'data-crossover': '' }, crossoverSentence(result)),
    make('p', {}, speedUpSentence(result)),
    ...badge,
  );
}

/** What counts against the result without voiding it; what voids it stands where the score would. */
function makeMarks(result: BenchmarkResult): HTMLElement[] {
  const { marks, environment, scores } = result;
  const isShown = scores.length === 0;
  const items = marks.filter(({ isVoid }) => !(isShown && isVoid)).map(describeMark);
  if (environment.noAdapter !== undefined) items.push(environment.noAdapter);
  if (!environment.isIsolated && environment.runtime === 'browser') {
    items.push(
      'The page is not cross-origin isolated: the CPU had one thread, and the timer is coarse.',
    );
  }
  if (isSoftware(result) && scores.length === 0) {
    items.push('The adapter is software: it computes on the CPU, and says nothing about a GPU.');
  }
  if (items.length === 0) return [];
  return [
    make('ul', { class: 'marks', 'aria-label': 'Notes' }, ...items.map((i) => make('li', {}, i))),
  ];
}
