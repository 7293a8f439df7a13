/** What was measured of an adapter, as lines for people. */
import type { MeasuredLimits } from '../../gpu/probes/probeAdapter.ts';
import type { Measured } from '../../gpu/probes/slope.ts';
import { formatTable } from '../table.ts';

/** A table: what, how much, how far the rounds were apart, and what there is to say about it. */
export function describeLimits({
  arithmetic,
  memory,
  latency,
  seconds,
}: MeasuredLimits): readonly string[] {
  const size = (bytes: number) =>
    bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`;
  const row = (what: string, measured: Measured, unit: Unit, remark = '') => [
    `    ${what}`,
    formatFigure(measured.value * unit.factor),
    unit.name,
    measured.rounds > 1 ? `± ${(50 * measured.spread).toFixed(0)} %` : '',
    remark,
  ];
  const { dispatch, encode, submit, readback, pokedReadback } = latency;
  const rows = [
    row('multiply-adds', arithmetic, gigaflop, arithmetic.shape),
    row('memory, read', memory.read, gigabytes, size(memory.largeBytes)),
    row('memory, copy', memory.copy, gigabytes, 'read and written, both counted'),
    row('caches, read', memory.cached, gigabytes, size(memory.smallBytes)),
    row('dispatch', dispatch, microseconds, 'after one that it depends on'),
    row('recording it', encode, microseconds, 'of the host’s thread'),
    row('submit', submit, microseconds, 'of the host’s thread'),
    row('read-back', readback, microseconds, 'from submit to mapped'),
  ];
  if (pokedReadback) {
    rows.push(row('read-back', pokedReadback, microseconds, 'with empty submits meanwhile'));
  }
  return [`  measured in ${seconds.toFixed(1)} s:`, ...formatTable(rows, 'lrlrl')];
}

interface Unit {
  readonly name: string;
  /** Of them to one of FLOP/s, bytes/s or seconds. */
  readonly factor: number;
}

const gigaflop: Unit = { name: 'GFLOP/s', factor: 1e-9 };
const gigabytes: Unit = { name: 'GB/s', factor: 1e-9 };
const microseconds: Unit = { name: 'µs', factor: 1e6 };

/** Three significant digits, and all digits before the point: '0.612', '27.3', '51,200'. */
function formatFigure(value: number): string {
  return value.toLocaleString('en-US', {
    maximumSignificantDigits: Math.max(3, Math.ceil(Math.log10(value))),
    minimumSignificantDigits: value < 100 ? 3 : 1,
  });
}
