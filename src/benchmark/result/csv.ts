/** Results as CSV, one row for each repeat, so that readers can compute their own statistics. */
import { adapterName } from '../../gpu/adapter.ts';
import type { BenchmarkResult, Series, WorkloadResult } from './schema.ts';
import { blockSizes } from '../statistics.ts';
import { plainText } from './words.ts';

/** Named as in the JSON. */
const columns = [
  'startedAt',
  'nudge',
  'data',
  'sha256',
  'runtime',
  'system',
  'adapter',
  'adapterClass',
  'workload',
  'layers',
  'batchSize',
  'parameterCount',
  'isVerified',
  'backend',
  'block',
  'round',
  'samplesPerSecond',
] as const;

/**
 * A result as CSV (RFC 4180): a header, then one row for each repeat of each backend on each workload.
 * @returns lines that end with CR LF; an apostrophe precedes text that a spreadsheet would run as a formula
 */
export function resultCsv(result: BenchmarkResult): string {
  const rows = result.workloads.flatMap((workload) =>
    workload.series.flatMap((series) => seriesRows(result, workload, series)),
  );
  return [columns, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

type Cell = string | number | boolean | undefined;

function seriesRows(
  { startedAt, nudge, data, environment, settings }: BenchmarkResult,
  { name, layers, batchSize, parameterCount, verification }: WorkloadResult,
  { backend, samplesPerSecond }: Series,
): Cell[][] {
  const { adapter } = environment;
  const blockOf = blockSizes(settings.repeats, settings.blocks).flatMap((size, block) =>
    Array<number>(size).fill(block + 1),
  );
  const adapterClass = adapter && (adapter.isSoftware ? 'software' : 'hardware');
  return samplesPerSecond.map((rate, n) => [
    startedAt,
    nudge.version,
    data.name,
    data.sha256,
    environment.name,
    environment.system,
    adapter && adapterName(adapter),
    adapterClass,
    name,
    layers.join('-'),
    batchSize,
    parameterCount,
    // Only the GPU is verified.
    backend === 'webgpu' ? verification?.isVerified : undefined,
    backend,
    blockOf[n],
    n + 1,
    rate,
  ]);
}

function field(cell: Cell): string {
  if (typeof cell !== 'string') return cell === undefined ? '' : String(cell);
  const text = plainText(cell);
  // Spreadsheets run text that begins with these characters as a formula, which could send the sheet's data away.
  const guarded = /^[=+\-@＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
