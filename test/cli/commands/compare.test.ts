import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Comparison } from '../../../src/benchmark/result/compare.ts';
import { writeResult } from '../../../src/benchmark/result/write.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { run } from '../../support/commandLine.ts';
import { resultWith } from '../../support/resultWith.ts';

let folder: string;
const path = (name: string) => join(folder, `${name}.json`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-compare-'));
  const half = { 'cpu-1': 0.5, cpu: 0.5, webgpu: 0.5 };
  const old = makeBenchmarkResult({ seed: 1 });
  const files = {
    old: writeResult(old),
    same: writeResult(makeBenchmarkResult({ seed: 2 })),
    half: writeResult(makeBenchmarkResult({ seed: 3, factors: half })),
    other: writeResult(resultWith(old, ['data', 'sha256'], 'a'.repeat(64))),
    text: 'no JSON',
    doctored: writeResult(old).replace(/"middle": \d+/, '"middle": 9'),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);
});
afterAll(() => rm(folder, { recursive: true }));

const compare = (...args: readonly string[]) => run('compare', ...args);

it('prints each pair, the means and the outcome, and succeeds', async () => {
  const { code, stdout, stderr } = await compare(path('old'), path('half'));
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^workload +backend +before +after +ratio +95 % interval +verdict\n/);
  expect(stdout).toMatch(/\ntiny +GPU +\d\d\d,\d\d\d +\d\d\d,\d\d\d +0\.[45]\d\d× .* slower\n/);
  expect(stdout).toMatch(
    /\nThe second is slower: 0\.[45]\d\d× as fast as the first, 95 % interval/,
  );
  expect(stdout.split('\n').filter((line) => line.startsWith('mean'))).toHaveLength(4);
});

it('prints the comparison although the report cannot be written', async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux has /dev/full');
  const { code, stdout, stderr } = await compare(path('old'), path('half'), '--json', '/dev/full');
  expect([code, stderr]).toEqual([1, expect.stringContaining('the disk is full')]);
  expect(stdout).toContain('\nThe second is slower: ');
});

describe('--fail-below', () => {
  it('fails if the whole interval is below', async () => {
    const { code, stderr } = await compare(path('old'), path('half'), '--fail-below', '0.9');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: The second is 0\.[45]\d\d× as fast as the first\. Its whole interval, up to 0\.\d\d\d×, is below --fail-below 0\.9\.\n$/,
    );
  });

  it('passes otherwise, also for the same file twice', async () => {
    for (const args of [
      ['same', '0.9'],
      ['old', '1'],
      ['half', '0.4'],
    ] as const) {
      const { code, stderr } = await compare(path('old'), path(args[0]), '--fail-below', args[1]);
      expect([code, stderr], args[0]).toEqual([0, '']);
    }
  });

  it('fails with the reason if the two are not comparable; without it they are no failure', async () => {
    const { code, stderr } = await compare(path('old'), path('other'), '--fail-below', '0.1');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'error: --fail-below 0.1 cannot be decided: the results are not comparable. They trained on different data',
    );
    const without = await compare(path('old'), path('other'));
    expect([without.code, without.stderr]).toEqual([0, '']);
    expect(without.stdout).toContain('The two are not comparable, so there is no verdict.');
    expect(without.stdout).toContain('- They trained on different data');
  });
});

it('--json has all figures and the configuration', async () => {
  const { code } = await compare(path('old'), path('half'), '--json', path('report'));
  expect(code).toBe(0);
  const report = JSON.parse(await readFile(path('report'), 'utf8')) as Comparison;
  expect(report).toMatchObject({
    command: 'compare',
    configuration: { before: path('old'), after: path('half'), failBelow: null },
    isComparable: true,
    overall: { verdict: 'slower' },
  });
  expect(report.pairs).toHaveLength(15);
});

it('--json - leaves stdout to the report', async () => {
  const { stdout, stderr } = await compare(path('old'), path('same'), '--json', '-');
  expect((JSON.parse(stdout) as Comparison).isComparable).toBe(true);
  expect(stderr).toContain('workload');
});

it('--markdown writes Markdown', async () => {
  const { code, stdout } = await compare(path('old'), path('half'), '--markdown');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^## nudge benchmark, compared\n\n\*\*The second is slower/);
  expect(stdout).toContain('| tiny | GPU |');
});

describe('a file is named if it', () => {
  it('is missing', async () => {
    const { code, stdout, stderr } = await compare(path('old'), path('missing'));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `error: The file '${path('missing')}' cannot be read: there is no such file. Check the path given to nudge compare.\n`,
    );
  });

  it('is not a result', async () => {
    const { code, stdout, stderr } = await compare(path('text'), path('old'));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      `error: In ${path('text')}: Cannot read this benchmark result: it is not JSON`,
    );
  });

  it('was edited by hand', async () => {
    const { code, stderr } = await compare(path('old'), path('doctored'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/In .*doctored\.json: .* is 9\D/);
  });
});
