/** Times of the parts of a run, and the time until the network reaches an accuracy. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { backendName } from '../backendNames.ts';
import { make, makeTable, type Child } from '../elements.ts';
import { formatCount, formatPercent, formatSeconds } from '../format.ts';
import { backendsOf, isSoftware } from './lookUp.ts';

export function makeTimes(result: BenchmarkResult): HTMLElement {
  const { data, workloads } = result;
  const rows = workloads.flatMap(({ name, series }) =>
    series.map(({ backend, compileSeconds, uploadSeconds, warmUp, estimate, evaluateSeconds }) => [
      `${name}, ${backendName(backend, isSoftware(result))}`,
      formatSeconds(compileSeconds),
      formatSeconds(uploadSeconds),
      `${formatSeconds(warmUp.seconds)}${warmUp.isSteady ? '' : ', not steady'}`,
      formatSeconds(data.trainingCount / estimate.middle),
      evaluateSeconds === undefined ? '–' : formatSeconds(evaluateSeconds),
    ]),
  );
  return make(
    'section.card.wide',
    { 'data-table': 'times' },
    make('h3', 'Where the time goes'),
    ...makeAccuracyTimes(result),
    make(
      'details',
      make('summary', 'Compiling, uploading, training and evaluating'),
      makeTable(
        'Time by workload and part',
        ['workload and backend', 'compile', 'upload', 'warm-up', 'one epoch', 'evaluate'],
        rows,
      ),
    ),
  );
}

function makeAccuracyTimes(result: BenchmarkResult): Child[] {
  const { timesToAccuracy, data } = result;
  if (timesToAccuracy.length === 0) return [];
  const backends = backendsOf(result).filter((backend) =>
    timesToAccuracy.some((time) => time.backend === backend),
  );
  const goalOf = ({ workload, target }: { readonly workload: string; readonly target: number }) =>
    `${workload} to ${Math.round(target * 100)}\u00a0%`;
  const rows = [...new Set(timesToAccuracy.map(goalOf))].map((goal) => [
    goal,
    ...backends.map((backend) => {
      const time = timesToAccuracy.find((one) => goalOf(one) === goal && one.backend === backend);
      if (!time) return '–';
      return time.seconds === undefined
        ? `not reached; best ${formatPercent(time.accuracy)}`
        : `${formatSeconds(time.seconds)}, ${formatCount(time.steps)} steps`;
    }),
  ]);
  const names = backends.map((backend) => backendName(backend, isSoftware(result)));
  return [
    make(
      'p.small',
      `Training time until the network reads this share of the ${formatCount(data.testCount)} test samples, without evaluating.`,
    ),
    makeTable('Time to accuracy', ['accuracy', ...names], rows),
  ];
}
