/** `nudge sweep` on Dawn. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SweepRow } from '../../src/benchmark/sweepJob.ts';
import { callCli, makeFolder, runCli, writeTinyMnist } from '../cli/runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true }));

interface SweepReport {
  readonly isComplete: boolean;
  readonly steps: number;
  readonly rows: readonly SweepRow[];
  readonly best: object;
}

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
  const { code, stdout, stderr } = await callCli(['sweep', ...network, ...sweep, '--json', '-'], {
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
  const trained = await callCli(['train', ...network.slice(0, -2), ...one, '--json', '-'], {
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

describe('a sweep that is interrupted', () => {
  const sweep = [
    ...[
      'sweep',
      ...network,
      '--optimizer',
      'momentum',
      '--seeds',
      '2',
      '--learning-rates',
      '0.1,0.3',
    ],
    ...['--epochs', '400'],
  ];
  const read = async (name: string) =>
    JSON.parse(await readFile(join(folder, name), 'utf8')) as SweepReport;
  const run = (args: readonly string[]) => callCli(args, { cwd: folder });

  it('lists what it has, and goes on to what it would have been without', async () => {
    const files = [
      '--checkpoint',
      'half.safetensors',
      '--json',
      'half.json',
      '--save',
      'half-best.safetensors',
    ];
    const half = await runCli([...sweep, ...files], {
      cwd: folder,
      isTerminal: true,
      signalAt: { pattern: /epoch [2-9]/, name: 'SIGINT' },
    });
    expect(half.code, half.stderr).toBe(130);
    expect(half.stdout).toContain('Stopped early: 4 networks, ');
    expect(half.stderr).toContain('Continue with --resume half.safetensors.');
    const report = await read('half.json');
    expect(report.isComplete).toBe(false);
    expect(report.steps).toBeGreaterThan(13);
    expect(report.steps).toBeLessThan(400 * 13);
    expect(report.rows.length).toBe(4);

    const epochs = `${Math.ceil(report.steps / 13) + 1}`;
    const resumed = ['sweep', '--resume', 'half.safetensors', '--epochs', epochs];
    const outputs = (name: string) => ['--json', `${name}.json`, '--save', `${name}.safetensors`];
    const second = await run([...resumed, ...network.slice(-2), ...outputs('resumed')]);
    expect(second.code, second.stderr).toBe(0);
    const straight = await run([...sweep.slice(0, -1), epochs, ...outputs('straight')]);
    expect(straight.code, straight.stderr).toBe(0);
    const [after, whole] = [await read('resumed.json'), await read('straight.json')];
    expect(after).toMatchObject({ isComplete: true, steps: whole.steps, best: whole.best });
    // The sums of costs of an interrupted epoch are added up in other portions, and so rounded otherwise.
    expect(after.rows).toEqual(
      whole.rows.map((row) => ({
        ...row,
        training: { ...row.training, cost: expect.closeTo(row.training.cost, 5) as number },
      })),
    );
    const weights = (name: string) => readFile(join(folder, `${name}.safetensors`));
    expect(await weights('resumed')).toEqual(await weights('straight'));
  });

  it.each<[string, readonly string[], number, string]>([
    [
      'other settings',
      ['--resume', 'half.safetensors', '--batch-size', '8'],
      2,
      "option '--resume <file>' cannot be used with option '--batch-size <n>'",
    ],
    [
      'other data',
      ['--resume', 'half.safetensors', '--data', 'other'],
      2,
      'was trained on other data',
    ],
    [
      'a file of weights',
      ['--resume', 'straight.safetensors'],
      1,
      "it has no metadata 'nudge sweep'",
    ],
    [
      'one file for two things',
      ['--save', 'a', '--checkpoint', 'a'],
      2,
      "--save and --checkpoint both name 'a'",
    ],
  ])('refuses %s', async (_, args, code, message) => {
    await writeTinyMnist(join(folder, 'other'), { trainingCount: 160 });
    const failed = await run(['sweep', ...args]);
    expect(failed.stderr).toContain(message);
    expect([failed.code, failed.stdout]).toEqual([code, '']);
  });
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
  const { code, stdout, stderr } = await callCli(large, { cwd: folder });
  expect(stderr).toContain('is too long for one workgroup in one dispatch');
  expect([code, stdout]).toEqual([1, '']);
});
