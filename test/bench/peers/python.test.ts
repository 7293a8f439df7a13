import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { findPython, pythonPlace } from '../../../bench/peers/python.ts';
import type { ContenderResult, PythonResults } from '../../../bench/peers/results.ts';
import { runWorkload } from '../../../bench/peers/run.ts';
import { workloads } from '../../../bench/peers/workloads.ts';
import { UsageError } from '../../../src/cli/errors.ts';
import { digits } from '../../../src/data/digits/digits.ts';
import { writeFakePython } from '../../support/fakePython.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-python-'));
});
afterEach(() => rm(folder, { recursive: true }));

const data = digits({ trainingCount: 300, testCount: 10 });
const tiny = workloads.find(({ name }) => name === 'tiny')!;

async function measure(executable: string, known: readonly ContenderResult[] = [], limit = 60) {
  let results = known;
  const contenders = [
    { name: 'numpy', line: 'NumPy', title: 'NumPy', computesOn: 'cpu' as const, multiplies: true },
  ];
  await runWorkload(
    pythonPlace(executable, data),
    {
      ...{ workload: tiny, referenceCost: 2, known, onShortfall: () => undefined },
      save: (more) => Promise.resolve(void (results = more)),
    },
    {
      ...{ contenders, repeats: 2, seconds: 0.01, limitSeconds: limit },
      ...{ signal: new AbortController().signal, onProgress: () => undefined },
    },
  );
  return results;
}

describe("Python's libraries", () => {
  beforeEach((context) =>
    context.skip(process.platform === 'win32', 'Windows runs no script by its first line'),
  );

  test('are measured as the others are, and only what is missing', async () => {
    const executable = await writeFakePython(folder);
    const [result] = await measure(executable);
    expect(result).toMatchObject({ contender: 'numpy', verdict: { kind: 'right' } });
    expect(result!.samples).toHaveLength(2);
    expect(result!.samples[0]).toMatchObject({ cost: 2 });
    const known = [{ ...result!, samples: result!.samples.slice(1) }];
    const [resumed] = await measure(executable, known);
    expect(resumed!.samples).toEqual([known[0]!.samples[0], expect.anything()]);
  });

  test.each([
    [
      'computes something else',
      "return { type: 'done', value: { cost: 3, seconds: 1 } };",
      'wrong',
      'its cost was 3',
    ],
    [
      'crashes',
      "console.error('out of memory'); process.exit(9);",
      'failed',
      'code 9 (out of memory)',
    ],
    ['hangs', 'lines.pause(); for (;;);', 'failed', 'it took too long'],
  ])('are judged: one that %s', async (what, code, kind, reason) => {
    const executable = await writeFakePython(folder, `if (request.type === 'train') { ${code} }`);
    const [result] = await measure(executable, [], what === 'hangs' ? 2 : 60);
    expect(result!.verdict).toEqual({ kind, reason: expect.stringContaining(reason) as string });
  });

  test('other than those of the unfinished result are refused', async () => {
    const executable = await writeFakePython(folder);
    const { versions, libraries, notes, warnings } = await findPython(executable, empty);
    const known: PythonResults = {
      ...{ libraries, notes, warnings, results: await measure(executable) },
      versions: { ...versions, numpy: '9' },
    };
    const other = findPython(executable, known);
    await expect(other).rejects.toThrow(UsageError);
    await expect(other).rejects.toThrow('Run without --resume');
    await expect(findPython(executable, { ...known, versions })).resolves.toMatchObject({
      versions,
    });
  });

  test('without torch.compile are told of', async () => {
    const special = "if (request.type === 'describe') plain.describe.versions = { torch: '1.13' };";
    const { notes } = await findPython(await writeFakePython(folder, special), empty);
    expect(notes).toContain(
      'torch.compile was not measured: PyTorch 1.13 has none. Install PyTorch 2 to see it.',
    );
  });
});

const empty: PythonResults = { results: [], versions: {}, libraries: [], notes: [], warnings: [] };
