import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { readResult } from '../../../src/benchmark/result/read.ts';
import { prepareResult } from '../../../src/cli/commands/bench.ts';
import { FileError } from '../../../src/cli/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-outputs-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('every format is written to its file, and the JSON can be read again', async () => {
  let json = '';
  const reportText = (text: string) => Promise.resolve(void (json = text));
  const paths = {
    csv: join(folder, 'a.csv'),
    markdown: join(folder, 'a.md'),
    card: join(folder, 'a.SVG'),
  };
  const write = await prepareResult({ reportText }, paths);
  expect(await readdir(folder)).toEqual([]);
  const result = makeBenchmarkResult();
  await write(result);
  expect(readResult(json)).toEqual(result);
  const repeats = result.workloads.flatMap(({ series }) =>
    series.flatMap(({ samplesPerSecond }) => samplesPerSecond),
  );
  const csv = (await readFile(paths.csv, 'utf8')).trimEnd().split('\r\n');
  expect(csv).toHaveLength(1 + repeats.length);
  expect(await readFile(paths.markdown, 'utf8')).toContain('## nudge benchmark');
  expect(await readFile(paths.card, 'utf8')).toMatch(/<svg [^]*<\/svg>\s*$/);
});

it('every format is written although the report cannot be', async () => {
  const reportText = () => Promise.reject(new FileError('The disk is full.'));
  const write = await prepareResult({ reportText }, { csv: join(folder, 'a.csv') });
  await expect(write(makeBenchmarkResult())).rejects.toThrow('The disk is full.');
  expect(await readdir(folder)).toEqual(['a.csv']);
});
