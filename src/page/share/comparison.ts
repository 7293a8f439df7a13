/** Two results side by side, with a verdict and how sure it is. */
import { compareResults } from '../../benchmark/result/compare.ts';
import {
  chanceSentence,
  comparisonHead,
  comparisonRows,
  comparisonSentence,
} from '../../benchmark/result/describeComparison.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { make, makeTable } from '../elements.ts';

/** A result and what it is called here. */
export interface NamedResult {
  readonly result: BenchmarkResult;
  readonly name: string;
}

/** @param first what the other one is compared with */
export function makeComparison(first: NamedResult, second: NamedResult): HTMLElement {
  const comparison = compareResults(first.result, second.result);
  const chance = chanceSentence(comparison);
  const rows = comparisonRows(comparison);
  // The means come first; the pairs show what they are made of.
  const means = rows
    .slice(comparison.pairs.length)
    .map(([, backend = '', , , ...cells]) => [backend, ...cells]);
  const pairs = rows
    .slice(0, comparison.pairs.length)
    .map(([workload = '', backend = '', ...cells]) => [`${workload}, ${backend}`, ...cells]);
  const [, , ...head] = comparisonHead;
  return make(
    'div',
    { class: 'card' },
    make('h2', { tabindex: '-1' }, 'Comparison'),
    make('p', { class: 'small' }, `First: ${first.name}. Second: ${second.name}.`),
    make('p', { class: 'verdict-line', 'data-verdict': '' }, comparisonSentence(comparison)),
    ...(comparison.warnings.length > 0
      ? [
          make(
            'ul',
            { class: 'flags', 'aria-label': 'Notes' },
            ...comparison.warnings.map((warning) => make('li', {}, warning)),
          ),
        ]
      : []),
    makeTable('Comparison by backend', ['mean over workloads', ...head.slice(2)], means),
    make(
      'details',
      { class: 'figures small' },
      make('summary', {}, 'Workload by workload'),
      makeTable('Comparison by workload and backend', ['workload', ...head], pairs),
    ),
    ...(chance === undefined ? [] : [make('p', { class: 'small' }, chance)]),
  );
}
