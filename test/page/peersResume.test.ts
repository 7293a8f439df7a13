/** `npm run bench:peers`, interrupted for real, and gone on with. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import type { Results } from '../../bench/peers/results.ts';
import { makeFolder, runCli, writeTinyMnist, type CliOptions } from '../cli/runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'data'), { trainingCount: 300, testCount: 10, side: 28 });
});
afterAll(() => rm(folder, { recursive: true }));

const command = [
  ...['--workloads', 'tiny', '--contenders', 'nudge-cpu', '--browsers', 'chromium'],
  ...['--repeats', '2', '--seconds', '0.01', '--first-steps', '1'],
  ...['--data', 'data', '--no-python', '--out', 'out'],
];
const run = (args: readonly string[], options: Partial<CliOptions> = {}) =>
  runCli(args, { cwd: folder, program: 'bench/peers/main.ts', ...options });

async function results(): Promise<Results> {
  const files = await readdir(join(folder, 'out'));
  expect(files.map((name) => name.split('.')[1]).toSorted()).toEqual(['json', 'md']);
  const json = files.find((name) => name.endsWith('.json'))!;
  return JSON.parse(await readFile(join(folder, 'out', json), 'utf8')) as Results;
}

it('writes what it has when it is interrupted, and measures only the rest with --resume', async () => {
  const interrupted = await run(command, {
    signalAt: { pattern: /repeat 1 of 2/, name: 'SIGINT' },
  });
  expect(interrupted.code, interrupted.stderr).toBe(130);
  expect(interrupted.stderr).toContain('Stopping after the measurement under way.');
  expect(interrupted.stderr).toContain('the same command with --resume makes them');
  expect(interrupted.stdout).toContain('**Unfinished**');
  const before = await results();
  expect([before.isComplete, before.firstSteps[0]!.milliseconds.length]).toEqual([false, 1]);
  expect(before.results).toMatchObject([{ contender: 'nudge-cpu', verdict: { kind: 'right' } }]);
  expect(before.results[0]!.samples.length).toBe(1);

  const resumed = await run([...command, '--resume']);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).not.toMatch(/first step|repeat 1 of 2/);
  expect(resumed.stdout).not.toContain('Unfinished');
  const after = await results();
  expect(after).toEqual({
    ...before,
    isComplete: true,
    results: [
      { ...before.results[0]!, samples: [before.results[0]!.samples[0], expect.anything()] },
    ],
  });
});
