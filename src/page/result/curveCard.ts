/** The learning curves of one workload, which the reader chooses. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { backendName, makeKeys } from '../backendNames.ts';
import { makeCurves } from '../charts/curves.ts';
import { make, makeDetails, makeTable } from '../elements.ts';
import { formatCost } from '../format.ts';
import { backendsOf, cellsOf, isSoftware } from './lookUp.ts';

/** undefined if no backend has a curve. */
export function makeCurveCard(result: BenchmarkResult): HTMLElement | undefined {
  const workloads = result.workloads.filter(({ series }) =>
    series.some(({ curve }) => curve.length > 1),
  );
  if (workloads.length === 0) return undefined;
  const backends = backendsOf(result);
  const inSoftware = isSoftware(result);
  const charts = makeCurves(inSoftware);
  const options = workloads.map(({ name }) => make('option', name));
  const select = make('select', { id: 'curve-workload' }, ...options);
  const show = () => {
    const { series } = workloads[select.selectedIndex]!;
    charts.show(new Map(series.map(({ backend, curve }) => [backend, curve])));
  };
  select.addEventListener('change', show);
  show();
  const rows = result.workloads.map((workload) => [
    workload.name,
    ...cellsOf(workload, backends, ({ finalCost }) => formatCost(finalCost)),
  ]);
  const names = backends.map((backend) => backendName(backend, inSoftware));
  return make(
    'section.card.wide',
    { 'data-chart': 'curves' },
    make(
      'div.line',
      make('h3', 'How the networks learned'),
      make('label.small', { for: 'curve-workload' }, 'Workload ', select),
    ),
    make(
      'p.small',
      'Each point is a mean over the samples since the previous point. All backends start from the same weights and see the ' +
        'same samples in the same order, so their curves should coincide.',
    ),
    makeKeys(backends, inSoftware),
    charts.element,
    makeDetails(
      'Final costs as a table',
      makeTable('Cost after all repeats', ['workload', ...names], rows),
    ),
  );
}
