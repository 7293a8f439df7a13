/** A row for each workload: the speed-up, samples per second of every backend, and how near the adapter's limit it came. */
import type {
  BenchmarkResult,
  Estimate,
  Series,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { make, makeTable, type Cell } from '../elements.ts';
import { gpuOverCpu, backendTitle } from '../../benchmark/result/sentences.ts';
import { formatInterval, formatRatio } from '../../benchmark/result/words.ts';
import { formatSmall, formatThree } from '../format.ts';
import { backendName } from '../backendNames.ts';
import { isSoftware, networkName, seriesOf, backendsOf } from './lookUp.ts';
import { limitParts } from './findings.ts';

export function makeWorkloadTable(result: BenchmarkResult): HTMLElement {
  const backends = backendsOf(result);
  const hasGpu = backends.includes('webgpu');
  const hasRatio = result.workloads.some((workload) => gpuOverCpu(workload));
  const all = result.workloads.flatMap(({ series }) => series);
  const gpu = backendName('webgpu', isSoftware(result));
  const head = [
    'workload',
    ...(hasRatio ? [`${gpu} over CPU`] : []),
    ...backends.map((backend) =>
      backend === 'cpu' ? backendTitle(backend, all) : backendName(backend, isSoftware(result)),
    ),
    ...(hasGpu ? ['of the limit', 'worst error'] : []),
  ];
  const rows = result.workloads.map((workload): Cell[] => {
    const webgpu = seriesOf(workload, 'webgpu');
    return [
      makeName(workload),
      ...(hasRatio ? [estimateCell(gpuOverCpu(workload), formatRatio)] : []),
      ...backends.map((backend) =>
        estimateCell(seriesOf(workload, backend)?.estimate, formatThree),
      ),
      ...(hasGpu ? [limitCell(webgpu), checkWords(workload)] : []),
    ];
  });
  const notes = [
    'Samples trained per second, medians of the blocks with their intervals below.',
    ...(hasRatio
      ? ['“GPU over CPU” compares with the faster of one thread and several, block by block.']
      : []),
    ...(hasGpu
      ? [
          'The limit is what this adapter reached when its arithmetic, memory and calls were measured apart. The one that takes ' +
            'at least half of a step is named. Errors are shown relative to the tolerance; 1 or less passes.',
        ]
      : []),
  ];
  return make(
    'section',
    { class: 'card wide', 'data-table': 'workloads' },
    make('h3', {}, 'Workload by workload'),
    make('p', { class: 'small' }, notes.join(' ')),
    makeTable('Samples trained per second by workload', head, rows),
  );
}

function makeName(workload: WorkloadResult): Cell {
  return make(
    'span',
    {},
    make('b', { class: 'whole' }, workload.name),
    make('span', { class: 'below whole' }, networkName(workload)),
    make('span', { class: 'below whole' }, `mini-batches of ${workload.batchSize}`),
  );
}

/** A middle with its interval below. */
export function estimateCell(
  estimate: Estimate | undefined,
  format: (value: number) => string,
): Cell {
  if (!estimate) return '–';
  return twoLines(format(estimate.middle), formatInterval(estimate, format));
}

function limitCell(series: Series | undefined): Cell {
  const parts = series && limitParts(series);
  return parts ? twoLines(...parts) : '–';
}

function twoLines(first: string, below: string): Cell {
  return make('span', {}, first, make('span', { class: 'below' }, below));
}

function checkWords({ verification }: WorkloadResult): string {
  if (!verification) return '–';
  const { isVerified, worst } = verification;
  return isVerified ? formatSmall(worst) : `failed, ${formatThree(worst)}`;
}
