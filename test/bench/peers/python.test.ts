import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { blasWarning, runPython } from '../../../bench/peers/python.ts';
import type { PythonLibrary, PythonResults } from '../../../bench/peers/results.ts';
import { workloads } from '../../../bench/peers/workloads.ts';
import { UsageError } from '../../../src/cli/errors.ts';

const options = {
  workloads: [],
  dataFolder: '',
  referenceCosts: {},
  repeats: 1,
  seconds: 1,
  onProgress: () => undefined,
};

test('a Python that is absent is a note, and no failure', async () => {
  const { results, notes } = await runPython({ ...options, executable: '/nowhere/python3' });
  expect(results).toEqual([]);
  expect(notes).toEqual([expect.stringMatching(/^Python's libraries were not measured: .*ENOENT/)]);
});

test('a Python that fails is a note with what it said last', async () => {
  const { notes } = await runPython({ ...options, executable: process.execPath });
  expect(notes).toEqual([
    expect.stringMatching(/^Python's libraries were not all measured: .*code 1/),
  ]);
});

const openBlas: PythonLibrary = {
  ...{ library: 'NumPy', version: '1.24.2', blas: 'OpenBLAS', file: 'libopenblasp.so' },
  ...{ threads: 2, gigaflops: 120, elementGigaflops: 8 },
};

describe('the warning of a slow BLAS', () => {
  test('is given for the reference BLAS, with what to install', () => {
    expect(blasWarning({ ...openBlas, blas: 'reference BLAS', gigaflops: 7.2 })).toBe(
      'NumPy uses the reference BLAS (7.2 GFLOP/s in a product of 512 × 512), tens of times slower than OpenBLAS: install libopenblas0 and run again.',
    );
  });

  test('is given for any other that is hardly faster than element-wise multiplication', () => {
    expect(blasWarning({ ...openBlas, blas: null, gigaflops: 11 })).toContain(
      'NumPy makes 11.0 GFLOP/s in a product of 512 × 512, and 8.0 where it multiplies element by element: its BLAS (unknown) is not optimised, or something else',
    );
  });

  test('is not given for a fast one', () => {
    expect(blasWarning(openBlas)).toBeUndefined();
  });
});

describe('Python', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nudge-python-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const tiny = workloads.filter(({ name }) => name === 'tiny');
  const common = { ...options, workloads: tiny, referenceCosts: { tiny: 2 }, repeats: 3 };
  const entry = (contender: string, checkedCost: number, count: number) => ({
    ...{ contender, title: contender, computesOn: 'cpu', workload: 'tiny' },
    ...{ samples: Array(count).fill({ times: 10, seconds: 1 }), checkedCost, finalCost: 1 },
  });

  /** A program that stands in for Python: it is given the task, and writes what `respond` makes of it. */
  async function fakePython(respond: string): Promise<string> {
    const path = join(folder, 'python');
    const code = `#!${process.execPath}
const fs = require('node:fs');
const folder = process.argv[3];
const task = JSON.parse(fs.readFileSync(folder + '/task.json', 'utf8'));
const libraries = ${JSON.stringify([openBlas])};
const write = (results, versions = {}) =>
  fs.writeFileSync(folder + '/results.json', JSON.stringify({ versions, notes: [], libraries, results }));
const done = (name) => (task.done.tiny ?? {})[name] ?? 0;
${respond}`;
    await writeFile(path, code, { mode: 0o755 });
    return path;
  }

  test('measures what is missing, which is added to what was known', async (context) => {
    if (process.platform === 'win32') context.skip('Windows runs no script by its first line');
    const script = `
write([['good', 2], ['bad', 3]].flatMap(([name, cost]) => {
  const count = task.repeats - done(name);
  if (count <= 0) return [];
  const samples = Array(Math.min(count, 2)).fill({ times: 10, seconds: 1 });
  return [{ contender: name, title: name, computesOn: 'cpu', workload: 'tiny', samples, checkedCost: cost, finalCost: 1 }];
}));
console.error('Python, tiny: good');`;
    const executable = await fakePython(script);
    const saved: PythonResults[] = [];
    const onResults = (results: PythonResults) => Promise.resolve(void saved.push(results));
    const first = await runPython({ ...common, executable, onResults });
    const counts = ({ results }: PythonResults) =>
      results.map(({ contender, verdict, samples }) => [contender, verdict.kind, samples.length]);
    expect(counts(first)).toEqual([
      ['good', 'right', 2],
      ['bad', 'wrong', 2],
    ]);
    expect(saved).toEqual([first]);
    expect(first.libraries).toEqual([openBlas]);
    // One sample of the one that is right is missing, and the wrong one is not tried again.
    const second = await runPython({ ...common, executable, known: first });
    expect(counts(second)).toEqual([
      ['good', 'right', 3],
      ['bad', 'wrong', 2],
    ]);
  });

  test('keeps what was measured when it crashes, and says so', async (context) => {
    if (process.platform === 'win32') context.skip('Windows runs no script by its first line');
    const executable = await fakePython(
      `write([${JSON.stringify(entry('good', 2, 1))}]); console.error('out of memory'); process.exit(9);`,
    );
    const { results, notes } = await runPython({ ...common, executable });
    expect(results[0]!.samples.length).toBe(1);
    expect(notes).toEqual([expect.stringMatching(/ended with code 9 \(out of memory\)/)]);
  });

  test('is told to stop, and has the time to write what it has', async (context) => {
    if (process.platform === 'win32') context.skip('Windows has no SIGTERM');
    const executable = await fakePython(`
process.on('SIGTERM', () => { write([${JSON.stringify(entry('good', 2, 1))}]); process.exit(0); });
console.error('ready');
setTimeout(() => {}, 60_000);`);
    const stop = new AbortController();
    const { results, notes } = await runPython({
      ...{ ...common, executable, signal: stop.signal },
      onProgress: () => stop.abort(),
    });
    expect([results.length, notes]).toEqual([1, []]);
  });

  test('with other libraries than before is refused', async (context) => {
    if (process.platform === 'win32') context.skip('Windows runs no script by its first line');
    const good = JSON.stringify(entry('good', 2, 1));
    const known = await runPython({
      ...common,
      executable: await fakePython(`write([${good}]);`),
    });
    const other = runPython({
      ...{ ...common, known },
      executable: await fakePython(`write([${good}], { numpy: '9' });`),
    });
    await expect(other).rejects.toThrow(UsageError);
    await expect(other).rejects.toThrow('Run without --resume');
  });
});
