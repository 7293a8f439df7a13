/** `nudge tune` and `--plan` on Dawn. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { PlanFile } from '../../src/gpu/plan/file.ts';
import type { LedgerEntry } from '../../src/gpu/plan/tuning/ledger.ts';
import { callCli, makeFolder, runCli, writeTinyMnist, type Report } from '../cli/runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true }));

type TrainReport = Report & { readonly exactPlan: PlanFile; readonly plan: string };

const shape = ['--layers', '16,8,10', '--batch-size', '16', '--runtime', 'node'];
const environment = () => ({ XDG_CACHE_HOME: join(folder, 'cache') });
const run = (...args: string[]) => callCli(args, { cwd: folder, environment: environment() });
const read = async (name: string) =>
  JSON.parse(await readFile(join(folder, name), 'utf8')) as unknown;
const cacheFile = join('cache', 'nudge', 'plans.json');

async function train(...args: string[]) {
  const { code, stdout, stderr } = await run(
    ...['train', '--data', 'tiny', '--steps', '5', ...shape, '--json', '-', ...args],
  );
  expect(code, stderr).toBe(0);
  return { report: JSON.parse(stdout) as TrainReport, stderr };
}

it('nudge tune writes a plan, with which nudge train gives the same bits each time', async () => {
  const tuned = await runCli(
    ['tune', ...shape, '--budget', '0.5', '--out', 'plan.json', '--json', 'tune.json'],
    { cwd: folder, environment: environment() },
  );
  expect(tuned.code, tuned.stderr).toBe(0);
  expect(tuned.stdout).toMatch(/ Measured: \d+ candidates? in .*\.\n?/);
  expect(tuned.stdout).toMatch(/\nPlan: .*layer 0.*\.\n$/);
  expect(tuned.stderr).toContain(`Stored for --plan tuned in ${join(folder, cacheFile)}.\n`);
  const plan = (await read('plan.json')) as PlanFile;
  expect(plan).toMatchObject({
    format: 'nudge plan',
    layers: [16, 8, 10],
    plan: { batchSize: 16 },
  });
  expect(await read('tune.json')).toMatchObject({
    command: 'tune',
    from: 'tuning',
    planFile: plan,
  });

  const first = await train('--plan', 'plan.json');
  expect(first.report.exactPlan).toEqual(plan);
  expect(first.report.configuration.plan).toBe('plan.json');
  expect(first.report.backend).toBe('webgpu');
  expect((await train('--plan', 'plan.json')).report.sha256).toBe(first.report.sha256);

  // Already tuned: found again, without measuring.
  const again = await train('--plan', 'tuned');
  expect(again.stderr).toContain('Plan: tuned before: ');
  expect([again.report.exactPlan, again.report.sha256]).toEqual([plan, first.report.sha256]);
});

it('nudge train --plan tuned tunes where nothing was tuned, and passes over a damaged cache', async () => {
  await mkdir(join(folder, 'cache', 'nudge'), { recursive: true });
  await writeFile(join(folder, cacheFile), 'no cache');
  const { report, stderr } = await train('--plan', 'tuned');
  expect(stderr).toContain('plans.json is damaged. It is ignored');
  expect(stderr).toContain('Plan: tuned just now');
  expect(report.exactPlan.plan.batchSize).toBe(16);
  expect(await read(cacheFile)).toMatchObject({ format: 'nudge plan cache' });
});

describe('Ctrl-C', () => {
  interface TuneReport {
    readonly isComplete: boolean;
    readonly measured: readonly LedgerEntry[];
  }
  const again = (...args: string[]) => run('tune', '--resume', 'half.json', ...args);

  it('ends tuning with the best plan so far, which is written', async () => {
    const stopped = await runCli(
      [
        ...['tune', ...shape, '--budget', '600', '--seed', '2'],
        ...['--out', 'stopped.json', '--json', 'half.json'],
      ],
      {
        cwd: folder,
        environment: { XDG_CACHE_HOME: join(folder, 'other') },
        isTerminal: true,
        // The second question; which one it is depends on what was fastest in the first.
        signalAt: { pattern: /tuning \[.*(layer 0|workgroups): /, name: 'SIGINT' },
      },
    );
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stdout).toContain(
      ' The tuning was stopped before all candidates were measured.',
    );
    expect(stopped.stderr).toContain('Continue with --resume half.json');
    expect(await read('stopped.json')).toMatchObject({ format: 'nudge plan' });
    expect(await read('half.json')).toMatchObject({ command: 'tune', isComplete: false });
  });

  it('leaves what was measured, from which --resume goes on', async () => {
    const { measured } = (await read('half.json')) as TuneReport;
    expect(measured.length).toBeGreaterThan(5);
    // A share of a budget is kept for the end, and must not be the whole rest where the first part took long.
    const budget = `${(1.3 * measured.at(-1)!.at) / 1000 + 1}`;
    const { code, stderr } = await again('--budget', budget, '--json', 'whole.json');
    expect(code, stderr).toBe(0);
    const whole = (await read('whole.json')) as TuneReport;
    expect(whole).toMatchObject({ configuration: { batchSize: 16, network: { seed: 2 } } });
    expect(whole.measured.slice(0, measured.length)).toEqual(measured);
    expect(whole.measured.length).toBeGreaterThan(measured.length);
    // A check is made once; only times are taken several times, in rounds.
    const checks = whole.measured.map(({ key }) => key).filter((key) => key.startsWith('plan'));
    expect(new Set(checks).size).toBe(checks.length);
  });

  it.each<[string, (report: object) => unknown, readonly string[], number, string]>([
    [
      'other settings',
      (one) => one,
      ['--batch-size', '8'],
      2,
      "option '--resume <file>' cannot be used with option '--batch-size <n>'",
    ],
    ['another processor', (one) => ({ ...one, processor: 'a Z80, 1 cores' }), [], 2, 'a Z80'],
    ['another adapter', (one) => ({ ...one, key: 'other' }), [], 2, "the tuning was for 'other'"],
    [
      'a file of another command',
      () => ({ command: 'train' }),
      [],
      1,
      'This is not a report of nudge tune: command: ',
    ],
    [
      'times that are none',
      (one) => ({ ...one, measured: [{ key: 'a', found: 1, at: -1 }] }),
      [],
      1,
      'measured.0.at',
    ],
  ])('refuses %s', async (_, change, args, code, message) => {
    const report = (await read('half.json')) as object;
    await writeFile(join(folder, 'changed.json'), JSON.stringify(change(report)));
    const failed = await run('tune', '--resume', 'changed.json', ...args);
    expect(failed.stderr).toContain(message);
    expect([failed.code, failed.stdout]).toEqual([code, '']);
  });
});

describe('a plan file is refused in a sentence', () => {
  it.each([
    [
      'no plan at all',
      'text',
      1,
      'error: In wrong.json: This is not a plan for this network: it is not JSON (',
    ],
    ['another network', undefined, 1, 'it is for a network 16-8-10, but this one is 16-4-10'],
  ])('that is for %s', async (_, text, code, message) => {
    const plan =
      text ?? JSON.stringify({ format: 'nudge plan', version: 3, layers: [16, 8, 10], plan: {} });
    await writeFile(join(folder, 'wrong.json'), plan);
    const failed = await run(
      ...[
        'train',
        '--data',
        'tiny',
        '--layers',
        '16,4,10',
        '--plan',
        'wrong.json',
        '--runtime',
        'node',
      ],
    );
    expect([failed.code, failed.stdout]).toEqual([code, '']);
    expect(failed.stderr).toContain(message);
  });

  it('that is not there', async () => {
    const failed = await run('train', '--data', 'tiny', '--layers', '16,4,10', '--plan', 'tunde');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toBe(
      "error: The file 'tunde' cannot be read: there is no such file. Check the path given to --plan.\n",
    );
  });
});

it.each([
  [['--budget', '0'], "--budget must be a number above 0; got '0'."],
  [
    ['--out', 'a.json', '--json', 'a.json'],
    "--json and --out both name 'a.json'. Give them different files.",
  ],
  [['--out', 'nowhere/a.json'], '--out cannot write'],
])('nudge tune %j makes no sense', async (args, message) => {
  const failed = await run('tune', ...args);
  expect([failed.code, failed.stdout]).toEqual([2, '']);
  expect(failed.stderr).toContain(`error: ${message}`);
});
