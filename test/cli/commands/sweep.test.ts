import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { sortRows, type SweepResult } from '../../../src/benchmark/sweepJob.ts';
import { describeSweep } from '../../../src/cli/commands/sweep.ts';
import { UsageError } from '../../../src/cli/errors.ts';
import { readCheckpoint } from '../../../src/cli/sweepCheckpoint.ts';
import { writeSafetensors } from '../../../src/formats/safetensors.ts';
import { makeFolder } from '../runCli.ts';

const row = (seed: number, learningRate: number, cost: number, accuracy: number) => ({
  seed,
  learningRate,
  training: { isDiverged: Number.isNaN(cost), cost: 2 * cost, accuracy },
  test: { isDiverged: Number.isNaN(cost), cost, accuracy },
});

const result: SweepResult = {
  adapter: {
    vendor: 'acme',
    architecture: 'one',
    description: '',
    isSoftware: false,
    subgroupSize: 0,
  },
  plan: 'a workgroup of 256 a network',
  isComplete: true,
  rows: [
    row(1, 1, 0.5, 0.8),
    row(2, 1, 0.4, 0.9),
    row(1, 3, Number.NaN, Number.NaN),
    row(2, 3, 0.3, 0.9),
    row(3, 3, Number.NaN, Number.NaN),
  ],
  steps: 1200,
  seconds: 12.34,
  samplesPerSecond: 456_789,
};

it('networks are listed by test accuracy, then by cost, and what diverged comes last', () => {
  expect(sortRows(result.rows).map(({ seed, learningRate }) => [seed, learningRate])).toEqual([
    [2, 3],
    [2, 1],
    [1, 1],
    [1, 3],
    [3, 3],
  ]);
});

it('the table ends with how many were trained, how fast and on what', () => {
  expect(describeSweep(result)).toEqual([
    'test accuracy  test cost  training cost  learning rate  seed',
    '      90.00 %     0.3000         0.6000              3     2',
    '      90.00 %     0.4000         0.8000              1     2',
    '      80.00 %     0.5000          1.000              1     1',
    '     diverged   diverged       diverged              3     1',
    '     diverged   diverged       diverged              3     3',
    '',
    '5 networks, 1,200 steps each, in 12.3 s: 456,789 samples/s together, on acme one (hardware).',
  ]);
});

it('a sweep that was stopped says so', () => {
  expect(describeSweep({ ...result, isComplete: false }).at(-1)).toMatch(
    /^Stopped early: 5 networks, 1,200 steps each, /,
  );
});

it('a checkpoint of another version is refused; a terminal cannot obey the name of the version', async () => {
  const folder = await makeFolder();
  try {
    const path = join(folder, 'sweep.safetensors');
    const about = {
      nudge: '9\u009b31m\u202e',
      configuration: {
        network: { layers: [16, 10] },
        ...{ batchSize: 1, epochs: 1, shuffle: true },
        ...{ seeds: [1], optimizers: [{ learningRate: 1 }] },
      },
      ...{ step: 0, epoch: 0, stepOfEpoch: 0 },
      trained: { samples: 0, seconds: 0 },
      sha256: '',
    };
    const metadata = new Map([['nudge sweep', JSON.stringify(about)]]);
    await writeFile(path, writeSafetensors(new Map(), metadata));
    const refused = readCheckpoint(path);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(/^nudge 9\\u009b31m\\u202e wrote .*; this is nudge /);
  } finally {
    await rm(folder, { recursive: true });
  }
});
