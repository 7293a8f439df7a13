/** Where the time goes: compiling, loading, an epoch, evaluating; and how long until the network can read. */
import type { BenchmarkResult, BackendName } from '../../benchmark/result/schema.ts';
import { make, makeTable } from '../elements.ts';
import { formatCount, formatPercent, formatSeconds } from '../format.ts';
import { backendName } from '../backendNames.ts';
import { isSoftware, seriesOf, backendsOf } from './lookUp.ts';

export function makeTimes(result: BenchmarkResult): HTMLElement {
  const { data, workloads } = result;
  const backends = backendsOf(result);
  const rows = workloads.flatMap((workload) =>
    backends.flatMap((backend) => {
      const series = seriesOf(workload, backend);
      if (!series) return [];
      const { compileSeconds, uploadSeconds, warmUp, estimate, evaluateSeconds } = series;
      return [
        [
          `${workload.name}, ${backendName(backend, isSoftware(result))}`,
          formatSeconds(compileSeconds),
          formatSeconds(uploadSeconds),
          `${formatSeconds(warmUp.seconds)}${warmUp.isSteady ? '' : ', not steady'}`,
          formatSeconds(data.trainingCount / estimate.middle),
          evaluateSeconds === undefined ? '–' : formatSeconds(evaluateSeconds),
        ],
      ];
    }),
  );
  return make(
    'section',
    { class: 'card wide', 'data-table': 'times' },
    make('h3', {}, 'Where the time goes'),
    ...makeAccuracyTimes(result),
    make(
      'details',
      {},
      make('summary', {}, 'Compiling, uploading, training and evaluating'),
      makeTable(
        'Time by workload and part',
        ['workload and backend', 'compile', 'upload', 'warm-up', 'one epoch', 'evaluate'],
        rows,
      ),
    ),
  );
}

/** How long until a share of the test set was read, by backend. */
function makeAccuracyTimes(result: BenchmarkResult): HTMLElement[] {
  const { timesToAccuracy, data } = result;
  if (timesToAccuracy.length === 0) return [];
  const goals = [
    ...new Set(timesToAccuracy.map(({ workload, target }) => `${workload} ${target}`)),
  ];
  const backends = backendsOf(result).filter((backend) =>
    timesToAccuracy.some((time) => time.backend === backend),
  );
  const cell = (goal: string, backend: BackendName) => {
    const time = timesToAccuracy.find(
      (one) => `${one.workload} ${one.target}` === goal && one.backend === backend,
    );
    if (!time) return '–';
    if (time.seconds === undefined) return `not reached; best ${formatPercent(time.accuracy)}`;
    return `${formatSeconds(time.seconds)}, ${formatCount(time.steps)} steps`;
  };
  const rows = goals.map((goal) => {
    const [workload = '', target = ''] = goal.split(' ');
    return [
      `${workload} to ${Math.round(Number(target) * 100)}\u00a0%`,
      ...backends.map((backend) => cell(goal, backend)),
    ];
  });
  return [
    make(
      'p',
      { class: 'small' },
      `Training time until the network reads this share of the ${formatCount(data.testCount)} test samples, without evaluating.`,
    ),
    makeTable(
      'Time to accuracy',
      ['accuracy', ...backends.map((backend) => backendName(backend, isSoftware(result)))],
      rows,
    ),
  ];
}
