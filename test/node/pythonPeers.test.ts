import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { digits } from '../../src/data/digits/digits.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Network } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';
import {
  blasWarning,
  describePython,
  PythonPeers,
  pythonLoader,
  pythonBackends,
} from '../../src/node/pythonPeers.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { openBlas, writeFakePython } from '../support/fakePython.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-python-'));
});
afterEach(() => rm(folder, { recursive: true }));

const noScripts = 'Windows runs no script by its first line';
const { training } = digits({ trainingCount: 300, testCount: 10 });

test('a Python that is absent is a note, and no failure', async () => {
  const { backends, notes } = await describePython('/nowhere/python3');
  expect(backends).toEqual([]);
  expect(notes).toEqual([
    expect.stringMatching(/^Python's libraries were not measured: .*does not start.*ENOENT/),
  ]);
});

test('a Python that fails is a note with what it said last', async () => {
  // Node takes no -B, and says so.
  const { notes } = await describePython(process.execPath);
  expect(notes).toEqual([
    expect.stringMatching(/^Python's libraries were not measured: .*code 9 \(.*-B.*\)/),
  ]);
});

describe('the warning of a slow BLAS', () => {
  test('is given for the reference BLAS, with what to install', () => {
    expect(blasWarning({ ...openBlas, blas: 'reference BLAS', gigaflops: 7.2 })).toBe(
      'NumPy uses the reference BLAS (7.2 GFLOP/s in a product of 512 × 512), which is tens of times slower than OpenBLAS. Install libopenblas0 and run again.',
    );
  });

  test('is given for any other that is hardly faster than element-wise multiplication', () => {
    expect(blasWarning({ ...openBlas, blas: null, gigaflops: 11 })).toContain(
      'NumPy reaches 11.0 GFLOP/s in a product of 512 × 512, but 8.0 in an element-wise multiplication. Its BLAS (unknown) is not optimised, or another program',
    );
  });

  test('is not given for a fast one', () => {
    expect(blasWarning(openBlas)).toBeUndefined();
  });
});

describe('a process', () => {
  beforeEach((context) => context.skip(process.platform === 'win32', noScripts));

  const network = new Network({ ...presets.lecture.network, seed: 1 });
  const learn = async (executable: string) =>
    await (
      await pythonLoader(executable)('numpy')
    ).learn({ network, training, batchSize: 100, learningRate: 1 });

  test('says which backends it can be, and what it warns of', async () => {
    const slow = JSON.stringify({ ...openBlas, blas: 'reference BLAS' });
    const special = `if (request.type === 'describe') plain.describe.libraries = [${slow}];`;
    const found = await describePython(await writeFakePython(folder, special));
    expect(pythonBackends(found)).toEqual(['numpy']);
    expect(found.warnings).toEqual([expect.stringContaining('reference BLAS')]);
    expect(found.notes).toEqual(['PyTorch was not measured.']);
  });

  test('is timed by its own clock, and says how it computes', async () => {
    const learner = await learn(await writeFakePython(folder));
    expect(await learner.train(3)).toBe(2);
    expect(learner.seconds?.()).toBe(0.125);
    expect(await learner.form?.()).toBe('NumPy, 1.24.2');
    await learner.dispose();
    await expect(learner.train(1)).rejects.toThrow('it was ended');
  });

  test('may have a cost that is not finite', async () => {
    const special = `if (request.type === 'train') plain.train.cost = { $number: 'NaN' };`;
    const learner = await learn(await writeFakePython(folder, special));
    expect(await learner.train(1)).toBe(NaN);
    await learner.dispose();
  });

  test.each([
    ['fails', "return { type: 'failed', message: 'MemoryError: 1 TB' };", /^MemoryError: 1 TB$/],
    [
      'dies',
      "console.error('out of memory'); process.exit(7);",
      /ended with code 7 \(out of memory\)/,
    ],
    ['says something else', "console.log('Hello');", /it answered 'Hello'/],
  ])('that %s while it trains is told of', async (_, code, message) => {
    const learner = await learn(
      await writeFakePython(folder, `if (request.type === 'train') { ${code} }`),
    );
    await expect(learner.train(1)).rejects.toThrow(message);
    await learner.dispose();
  });

  test('stands behind each line of a page, and ends with it', async () => {
    const lines = new PythonPeers(
      await writeFakePython(
        folder,
        "if (request.type === 'form') return { type: 'done', value: process.pid };",
      ),
    );
    const ask = (peer: number, request: Parameters<PythonPeers['answer']>[0]['request']) =>
      lines.answer({ type: 'peer', peer, request });
    for (const peer of [1, 2]) await ask(peer, { type: 'load', name: 'numpy' });
    const [first, second] = [await ask(1, { type: 'form' }), await ask(2, { type: 'form' })];
    expect(first).not.toBe(second);
    await ask(1, { type: 'end' });
    await expect(ask(1, { type: 'form' })).rejects.toThrow('it was ended');
    expect(await ask(2, { type: 'form' })).toBe(second);
    lines.end();
    await expect(ask(2, { type: 'form' })).rejects.toThrow('it was ended');
  });

  test('that was left out is not started', async () => {
    const asked = new PythonPeers(false).answer({
      ...{ type: 'peer', peer: 1, request: { type: 'load', name: 'numpy' } },
    });
    await expect(asked).rejects.toThrow('--no-python');
  });
});

describe.each(['lecture', 'modern'] as const)('%s', (preset) => {
  test('is trained by what Python has on this machine as by the float64 reference', async (context) => {
    const found = await describePython('python3');
    const backends = pythonBackends(found);
    context.skip(backends.length === 0, found.notes[0]);
    const network = new Network({ ...presets[preset].network, seed: 1 });
    const [batchSize, learningRate, steps] = [100, 0.1, 4];
    const trainer = await Trainer.create(network, {
      ...{ backend: 'reference', batchSize, optimizer: sgd({ learningRate }), shuffle: false },
    });
    const costs: number[] = [];
    for await (const { cost } of trainer.fit(training, { steps, reportEvery: 1 })) costs.push(cost);
    await trainer.dispose();
    for (const backend of backends) {
      const library = await pythonLoader('python3')(backend);
      const learner = await library.learn({ network, training, batchSize, learningRate });
      for (const cost of costs) {
        const found = await learner.train(1);
        expect(Math.abs(found - cost), backend).toBeLessThan(1e-4 * cost);
      }
      expect(await learner.form?.()).toMatch(/^(NumPy|PyTorch).*, \d/);
      await learner.dispose();
    }
  });
});
