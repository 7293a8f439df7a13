/** A table with a row for each workload: the speed-up, samples per second, the limit, and the worst error. */
import { backends as allBackends } from '../../benchmark/result/backends.ts';
import type {
  BackendName,
  BenchmarkResult,
  Estimate,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { backendTitle, gpuOverCpu } from '../../benchmark/result/sentences.ts';
import { formatInterval, formatRatio } from '../../benchmark/result/words.ts';
import { backendName } from '../backendNames.ts';
import { make, makeTable, type Cell } from '../elements.ts';
import { formatSmall, formatThree } from '../format.ts';
import { limitParts } from './findings.ts';
import { backendsOf, isSoftware, seriesOf } from './lookUp.ts';

export interface WorkloadRow {
  readonly name: Cell;
  /** The GPU over the CPU. */
  readonly ratio: Estimate | undefined;
  /** Samples per second. */
  readonly rates: readonly (Estimate & { readonly backend: BackendName })[];
  readonly more?: readonly Cell[];
}

export function makeWorkloadTable(result: BenchmarkResult): HTMLElement {
  const hasGpu = backendsOf(result).includes('webgpu');
  const all = result.workloads.flatMap(({ series }) => series);
  const rows = result.workloads.map((workload) => ({
    name: makeName(workload),
    ratio: gpuOverCpu(workload),
    rates: workload.series.map(({ backend, estimate }) => ({ backend, ...estimate })),
    more: hasGpu ? [limitCell(workload), checkWords(workload)] : [],
  }));
  const note =
    'The limit is what this adapter reached when its arithmetic, memory and calls were measured apart. The one that takes ' +
    'at least half of a step is named. Errors are shown relative to the tolerance; 1 or less passes.';
  return makeRates(rows, isSoftware(result), {
    note: hasGpu ? note : '',
    more: hasGpu ? ['of the limit', 'worst error'] : [],
    cpuTitle: backendTitle('cpu', all),
  });
}

/** @param more headings of further columns */
export function makeRates(
  rows: readonly WorkloadRow[],
  inSoftware: boolean,
  {
    note,
    more,
    cpuTitle,
  }: { readonly note: string; readonly more: readonly string[]; readonly cpuTitle: string },
): HTMLElement {
  const ran = new Set(rows.flatMap(({ rates }) => rates.map(({ backend }) => backend)));
  const backends = allBackends.filter((backend) => ran.has(backend));
  const hasRatio = rows.some(({ ratio }) => ratio);
  const head = [
    'workload',
    ...(hasRatio ? [`${backendName('webgpu', inSoftware)} over CPU`] : []),
    ...backends.map((one) => (one === 'cpu' ? cpuTitle : backendName(one, inSoftware))),
    ...more,
  ];
  const cells = rows.map((row): Cell[] => [
    row.name,
    ...(hasRatio ? [estimateCell(row.ratio, formatRatio)] : []),
    ...backends.map((backend) =>
      estimateCell(
        row.rates.find((one) => one.backend === backend),
        formatThree,
      ),
    ),
    ...(row.more ?? []),
  ]);
  const notes = [
    'Samples trained per second: medians with 95\u00a0% intervals below.',
    ...(hasRatio
      ? ['“GPU over CPU” compares with the faster of one thread and several, block by block.']
      : []),
    note,
  ];
  return make(
    'section.card.wide',
    { 'data-table': 'workloads' },
    make('h3', 'Workload by workload'),
    make('p.small', notes.join(' ')),
    makeTable('Samples trained per second by workload', head, cells),
  );
}

function makeName({ name, layers, batchSize }: WorkloadResult): Cell {
  return make(
    'span',
    make('b.whole', name),
    make('span.below.whole', layers.join('-')),
    make('span.below.whole', `mini-batches of ${batchSize}`),
  );
}

function estimateCell(estimate: Estimate | undefined, format: (value: number) => string): Cell {
  return estimate ? twoLines(format(estimate.middle), formatInterval(estimate, format)) : '–';
}

function limitCell(workload: WorkloadResult): Cell {
  const series = seriesOf(workload, 'webgpu');
  const parts = series && limitParts(series);
  return parts ? twoLines(...parts) : '–';
}

function twoLines(first: string, below: string): Cell {
  return make('span', first, make('span.below', below));
}

function checkWords({ verification }: WorkloadResult): string {
  if (!verification) return '–';
  const { isVerified, worst } = verification;
  return isVerified ? formatSmall(worst) : `failed, ${formatThree(worst)}`;
}
