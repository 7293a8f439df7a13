/** How the networks learned: the curves of one workload at a time, which the reader chooses. */
import { alignCurves } from '../../benchmark/result/alignCurves.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { CurveCharts } from '../charts/curves.ts';
import { make, makeTable } from '../elements.ts';
import { formatCost } from '../format.ts';
import { backendKey, backendName } from '../backendNames.ts';
import { isSoftware, seriesOf, backendsOf } from './lookUp.ts';

/** undefined where no backend has a curve. @param signal takes the charts off when it aborts */
export function makeCurveCard(
  result: BenchmarkResult,
  signal: AbortSignal,
): HTMLElement | undefined {
  const withCurves = result.workloads.filter(({ series }) =>
    series.some(({ curve }) => curve.length > 1),
  );
  const [first] = withCurves;
  if (!first) return undefined;
  const backends = backendsOf(result);
  const inSoftware = isSoftware(result);
  const charts = new CurveCharts(backends, inSoftware, signal);
  const select = make(
    'select',
    { id: 'curve-workload' },
    ...withCurves.map(({ name }) => make('option', { value: name }, name)),
  );
  const show = () => {
    const workload = withCurves.find(({ name }) => name === select.value) ?? first;
    const curves = new Map(workload.series.map(({ backend, curve }) => [backend, curve]));
    void charts.show(alignCurves(curves));
  };
  select.addEventListener('change', show);
  show();
  const rows = result.workloads.map((workload) => [
    workload.name,
    ...backends.map((backend) => {
      const series = seriesOf(workload, backend);
      return series ? formatCost(series.finalCost) : '–';
    }),
  ]);
  return make(
    'section',
    { class: 'card wide', 'data-chart': 'curves' },
    make(
      'div',
      { class: 'line' },
      make('h3', {}, 'How the networks learned'),
      make('label', { class: 'small', for: 'curve-workload' }, 'Workload ', select),
    ),
    make(
      'p',
      { class: 'small' },
      'Each point is a mean over the samples since the previous point. All backends start from the same weights and see the ' +
        'same samples in the same order, so their curves should coincide; the wider line is below.',
    ),
    make(
      'ul',
      { class: 'keys small' },
      ...backends.map((backend) =>
        make('li', {}, backendKey(backend), backendName(backend, inSoftware)),
      ),
    ),
    charts.element,
    make(
      'details',
      { class: 'figures small' },
      make('summary', {}, 'Final costs as a table'),
      makeTable(
        'Cost after all repeats',
        ['workload', ...backends.map((backend) => backendName(backend, inSoftware))],
        rows,
      ),
    ),
  );
}
