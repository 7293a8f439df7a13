import { expect, it } from 'vitest';

import { resultCsv } from '../../../src/benchmark/result/csv.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();

/** Parses RFC 4180; all of `text` must match the grammar. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const fields = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy;
  let end = 0;
  for (const [whole, field, after] of text.matchAll(fields)) {
    end += whole.length;
    rows.at(-1)!.push(field!.startsWith('"') ? field!.slice(1, -1).replaceAll('""', '"') : field!);
    if (after === '\r\n') rows.push([]);
  }
  expect(end).toBe(text.length);
  return rows.slice(0, -1);
}

/** Rows by column name. */
function readRows(text: string): Record<string, string>[] {
  const [head, ...rows] = parseCsv(text);
  return rows.map((row) => {
    expect(row).toHaveLength(head!.length);
    return Object.fromEntries(row.map((cell, c) => [head![c]!, cell]));
  });
}

it('every repeat is a row with all digits', () => {
  const rows = readRows(resultCsv(result));
  const expected = result.workloads.flatMap(({ name, series }) =>
    series.flatMap(({ backend, samplesPerSecond }) =>
      samplesPerSecond.map((rate, n) => ({ name, backend, round: n + 1, rate })),
    ),
  );
  expect(
    rows.map((row) => ({
      name: row.workload,
      backend: row.backend,
      round: Number(row.round),
      rate: Number(row.samplesPerSecond),
    })),
  ).toEqual(expected);
  expect(rows[0]).toMatchObject({
    data: 'MNIST',
    adapter: 'acme roadrunner-2, ACME Roadrunner 2060 (hardware)',
    adapterClass: 'hardware',
    layers: '784-16-16-10',
    isVerified: '',
  });
  expect(rows.find(({ backend }) => backend === 'webgpu')).toMatchObject({ isVerified: 'true' });
});

it('the adapter columns are empty without a GPU', () => {
  const rows = readRows(resultCsv(resultWith(result, ['environment', 'adapter'], undefined)));
  expect(rows[0]).toMatchObject({ adapter: '', adapterClass: '' });
});

it.each([
  ['a "quoted", name', 'a "quoted", name'],
  ['two\r\nlines', 'two lines'],
  ['=HYPERLINK("http://example.com")', '\'=HYPERLINK("http://example.com")'],
  ['+1', "'+1"],
  ['-1+1', "'-1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'=1"],
  ['＝1', "'＝1"],
  ['a=1', 'a=1'],
])('the text %j arrives as %j', (text, cell) => {
  const rows = readRows(resultCsv(resultWith(result, ['data', 'name'], text)));
  expect(new Set(rows.map(({ data }) => data))).toEqual(new Set([cell]));
});
