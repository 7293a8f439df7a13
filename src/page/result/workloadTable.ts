/** A row for each workload: samples a second of every side, the speed-up, and how near the adapter's limit it came. */
import type { BenchmarkResult, Estimate, WorkloadResult } from '../../benchmark/result/schema.ts';
import { make, makeTable, type Cell } from '../elements.ts';
import { formatRatio } from '../../benchmark/result/words.ts';
import { formatSmall, formatThree } from '../format.ts';
import { sideName } from '../sides.ts';
import { isSoftware, networkName, ratioOf, seriesOf, sidesOf } from './lookUp.ts';
import { limitWords } from './findings.ts';

export function makeWorkloadTable(result: BenchmarkResult): HTMLElement {
  const sides = sidesOf(result);
  const hasGpu = sides.includes('webgpu');
  const gpu = sideName('webgpu', isSoftware(result));
  const head = [
    'workload',
    ...sides.map((side) => sideName(side, isSoftware(result))),
    ...(hasGpu && sides.includes('cpu') ? [`${gpu} over CPU`] : []),
    ...(hasGpu ? ['of its own limit', 'error, of its bound'] : []),
  ];
  const rows = result.workloads.map((workload): Cell[] => {
    const webgpu = seriesOf(workload, 'webgpu');
    return [
      makeName(workload),
      ...sides.map((side) => estimateCell(seriesOf(workload, side)?.estimate, formatThree)),
      ...(hasGpu && sides.includes('cpu')
        ? [estimateCell(ratioOf(workload, 'webgpu', 'cpu'), formatRatio)]
        : []),
      ...(hasGpu ? [webgpu ? limitWords(webgpu) : '–', checkWords(workload)] : []),
    ];
  });
  return make(
    'section',
    { class: 'card wide', 'data-table': 'workloads' },
    make('h3', {}, 'Workload by workload'),
    make(
      'p',
      { class: 'small' },
      'Samples trained a second, medians with 95\u00a0% intervals below. “GPU over CPU” is over all threads, from rounds in ' +
        'which both ran. The limit is the adapter’s own, measured here, with the part of it that binds.',
    ),
    makeTable('Samples trained a second by workload', head, rows),
  );
}

function makeName(workload: WorkloadResult): Cell {
  return make(
    'span',
    {},
    make('b', {}, workload.name),
    make('span', { class: 'below' }, networkName(workload)),
    make('span', { class: 'below' }, `mini-batches of ${workload.batchSize}`),
  );
}

/** A middle with its interval below. */
function estimateCell(estimate: Estimate | undefined, format: (value: number) => string): Cell {
  if (!estimate) return '–';
  const { middle, low, high } = estimate;
  return make(
    'span',
    {},
    format(middle),
    make('span', { class: 'below' }, `${format(low)} to ${format(high)}`),
  );
}

function checkWords({ verification }: WorkloadResult): string {
  if (!verification) return '–';
  const { isVerified, worst } = verification;
  return isVerified ? formatSmall(worst) : `failed, ${formatThree(worst)}`;
}
