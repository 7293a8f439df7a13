/** Two results side by side, with a verdict and its certainty. */
import { compareResults } from '../../benchmark/result/compare.ts';
import {
  chanceSentence,
  comparisonHead,
  comparisonRows,
  comparisonSentence,
} from '../../benchmark/result/describeComparison.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { make, makeDetails, makeNotes, makeTable } from '../elements.ts';

export interface NamedResult {
  readonly result: BenchmarkResult;
  readonly name: string;
}

export function makeComparison(first: NamedResult, second: NamedResult): HTMLElement {
  const comparison = compareResults(first.result, second.result);
  const chance = chanceSentence(comparison);
  // The pairs of workload and backend, then the means over the workloads.
  const rows = comparisonRows(comparison);
  const count = comparison.pairs.length;
  const pairs = rows
    .slice(0, count)
    .map(([workload = '', backend = '', ...cells]) => [`${workload}, ${backend}`, ...cells]);
  const means = rows.slice(count).map(([, backend = '', , , ...cells]) => [backend, ...cells]);
  const [, , ...head] = comparisonHead;
  return make(
    'div.card',
    make('h2', { tabindex: '-1' }, 'Comparison'),
    make('p.small', `First: ${first.name}. Second: ${second.name}.`),
    make('p.verdict-line', { 'data-verdict': '' }, comparisonSentence(comparison)),
    makeNotes(comparison.warnings),
    makeTable('Comparison by backend', ['mean over workloads', ...head.slice(2)], means),
    makeDetails(
      'Workload by workload',
      makeTable('Comparison by workload and backend', ['workload', ...head], pairs),
    ),
    chance !== undefined && make('p.small', chance),
  );
}
