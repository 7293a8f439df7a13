/** Where the time goes: compiling, loading, an epoch, evaluating; and how long until the network can read. */
import type { BenchmarkResult, SideName } from '../../benchmark/result/schema.ts';
import { make, makeTable } from '../elements.ts';
import { formatCount, formatPercent, formatSeconds } from '../format.ts';
import { sideName } from '../sides.ts';
import { isSoftware, seriesOf, sidesOf } from './lookUp.ts';

export function makeTimes(result: BenchmarkResult): HTMLElement {
  const { data, workloads } = result;
  const sides = sidesOf(result);
  const rows = workloads.flatMap((workload) =>
    sides.flatMap((side) => {
      const series = seriesOf(workload, side);
      if (!series) return [];
      const { compileSeconds, uploadSeconds, warmUp, estimate, evaluateSeconds } = series;
      return [
        [
          `${workload.name}, ${sideName(side, isSoftware(result))}`,
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
        ['workload and side', 'compile', 'upload', 'warm-up', 'one epoch', 'evaluate'],
        rows,
      ),
    ),
  );
}

/** How long until a share of the test set was read, by side. */
function makeAccuracyTimes(result: BenchmarkResult): HTMLElement[] {
  const { timesToAccuracy, data } = result;
  if (timesToAccuracy.length === 0) return [];
  const goals = [
    ...new Set(timesToAccuracy.map(({ workload, target }) => `${workload} ${target}`)),
  ];
  const sides = sidesOf(result).filter((side) =>
    timesToAccuracy.some((time) => time.side === side),
  );
  const cell = (goal: string, side: SideName) => {
    const time = timesToAccuracy.find(
      (one) => `${one.workload} ${one.target}` === goal && one.side === side,
    );
    if (!time) return '–';
    if (time.seconds === undefined) return `not reached; best ${formatPercent(time.accuracy)}`;
    return `${formatSeconds(time.seconds)}, ${formatCount(time.steps)} steps`;
  };
  const rows = goals.map((goal) => {
    const [workload = '', target = ''] = goal.split(' ');
    return [
      `${workload} to ${Math.round(Number(target) * 100)}\u00a0%`,
      ...sides.map((side) => cell(goal, side)),
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
      ['accuracy', ...sides.map((side) => sideName(side, isSoftware(result)))],
      rows,
    ),
  ];
}
