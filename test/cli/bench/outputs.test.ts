import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { readResult } from '../../../src/benchmark/result/read.ts';
import { prepareOutputs } from '../../../src/cli/bench/outputs.ts';
import { UsageError } from '../../../src/cli/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-outputs-'));
});
afterEach(() => rm(folder, { recursive: true }));

function reports() {
  const texts: string[] = [];
  const writeText = (text: string) => Promise.resolve(void texts.push(text));
  return { texts, json: { writeText, write: () => Promise.reject(new Error('not this way')) } };
}

it('every format is written where it is wanted, and the JSON can be read again', async () => {
  const { texts, json } = reports();
  const paths = {
    csv: join(folder, 'a.csv'),
    markdown: join(folder, 'a.md'),
    card: join(folder, 'a.SVG'),
  };
  const outputs = await prepareOutputs(paths, json);
  expect(await readdir(folder)).toEqual([]);
  const result = makeBenchmarkResult();
  await outputs.write(result);
  expect(readResult(texts.join(''))).toEqual(result);
  const repeats = result.workloads.flatMap(({ series }) =>
    series.flatMap(({ samplesPerSecond }) => samplesPerSecond),
  );
  const csv = (await readFile(paths.csv, 'utf8')).trimEnd().split('\r\n');
  expect(csv).toHaveLength(1 + repeats.length);
  expect(await readFile(paths.markdown, 'utf8')).toContain('## nudge benchmark');
  expect(await readFile(paths.card, 'utf8')).toMatch(/<svg [^]*<\/svg>\s*$/);
});

it.each([
  [{ csv: 'absent/a.csv' }, "--csv cannot write 'absent/a.csv': there is no folder"],
  [{ markdown: '.' }, "--markdown takes the name of a file, and '.' is a folder."],
  [{ card: 'a.png' }, "--card writes a picture in SVG, and 'a.png' is another kind of file."],
  [{ json: 'a', csv: './a' }, "--json and --csv both name './a'. Give them different files."],
  [{ csv: 'b.svg', card: 'b.svg' }, "--csv and --card both name 'b.svg'."],
])('%j is refused before the run', async (paths, sentence) => {
  const refused = prepareOutputs(paths, reports().json);
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(sentence);
});
