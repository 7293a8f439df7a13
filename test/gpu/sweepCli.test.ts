/** `nudge sweep` on Dawn. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import type { SweepRow } from '../../src/benchmark/sweepJob.ts';
import { makeFolder, runCli, writeTinyMnist } from '../cli/runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true }));

const network = [
  '--data',
  'tiny',
  '--layers',
  '16,8,10',
  '--batch-size',
  '16',
  '--runtime',
  'node',
];

it('lists every seed with every learning rate from the best on, each as nudge train has it', async () => {
  const sweep = ['--seeds', '2', '--learning-rates', '1,3', '--epochs', '3'];
  const { code, stdout, stderr } = await runCli(['sweep', ...network, ...sweep, '--json', '-'], {
    cwd: folder,
  });
  expect([code, stderr]).toEqual([0, expect.stringContaining('4 networks, 39 steps each, in ')]);
  const { rows, steps } = JSON.parse(stdout) as { rows: readonly SweepRow[]; steps: number };
  expect(steps).toBe(39);
  expect(rows.map(({ seed, learningRate }) => `${learningRate} ${seed}`).toSorted()).toEqual([
    '1 1',
    '1 2',
    '3 1',
    '3 2',
  ]);
  const accuracies = rows.map(({ test }) => test.accuracy);
  expect(accuracies).toEqual(accuracies.toSorted((a, b) => b - a));

  const one = ['--backend', 'reference', '--seed', '2', '--learning-rate', '3', '--epochs', '3'];
  // The runtime is where WebGPU runs, and the reference needs none.
  const trained = await runCli(['train', ...network.slice(0, -2), ...one, '--json', '-'], {
    cwd: folder,
  });
  const { evaluation, epochs } = JSON.parse(trained.stdout) as {
    evaluation: { cost: number; accuracy: number };
    epochs: readonly { cost: number }[];
  };
  const found = rows.find(({ seed, learningRate }) => seed === 2 && learningRate === 3)!;
  expect(found.test.accuracy).toBe(evaluation.accuracy);
  expect(found.test.cost).toBeCloseTo(evaluation.cost, 4);
  expect(found.training.cost).toBeCloseTo(epochs.at(-1)!.cost, 4);
});

it('refuses a network that is too large for a workgroup, with exit code 1', async () => {
  const large = [
    'sweep',
    '--data',
    'tiny',
    '--layers',
    '16,4096,4096,10',
    '--runtime',
    'node',
    '--seeds',
    '1',
  ];
  const { code, stdout, stderr } = await runCli(large, { cwd: folder });
  expect(stderr).toContain('more than one workgroup can do in a dispatch');
  expect([code, stdout]).toEqual([1, '']);
});
