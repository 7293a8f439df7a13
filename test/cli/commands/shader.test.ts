import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import { serializePlan } from '../../../src/gpu/plan/file.ts';
import { run } from '../../support/commandLine.ts';

const layers = [784, 16, 16, 10];
let plan: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-shader-'));
  plan = join(folder, 'plan.json');
  const { fused, ...apart } = choosePlan({ layers }, 50, { isSoftware: true, subgroupSize: 8 });
  expect(fused).toBeDefined();
  await writeFile(plan, serializePlan({ layers }, apart));
});
afterAll(() => rm(folder, { recursive: true }));

const kernelNames = (text: string) =>
  [...text.matchAll(/^\/\/ (.*→.*|.*←.*)$/gm)].map(([, name]) => name);

it('prints the kernels of a step, or those whose names start with a word', async () => {
  const whole = await run('shader');
  expect(kernelNames(whole.stdout)).toEqual([
    'forward and back 784→16→16→10',
    'update 784→16, 16→16, 16→10',
  ]);
  const one = await run('shader', 'update');
  expect(kernelNames(one.stdout)).toEqual(['update 784→16, 16→16, 16→10']);
  expect(whole.stdout).toContain(one.stdout);
});

it('prints the kernels of a plan in a file', async () => {
  const { code, stdout } = await run(
    'shader',
    'hidden delta',
    '--batch-size',
    '50',
    '--plan',
    plan,
  );
  expect([code, kernelNames(stdout)]).toEqual([0, ['hidden delta 16←10', 'hidden delta 16←16']]);
});

it.each([
  ['an unknown kernel', ['backward'], 2, "No kernel's name starts with 'backward'"],
  [
    'a plan for another mini-batch',
    ['--plan', 'PLAN'],
    2,
    'for mini-batches of 50 samples, but the batch size is 100',
  ],
  [
    'a plan and an adapter',
    ['--plan', 'PLAN', '--adapter', 'software'],
    2,
    "option '--plan <file>' cannot be used with option '--adapter <kind>'",
  ],
  ['a missing plan file', ['--plan', 'none.json'], 1, "'none.json' cannot be read"],
])('refuses %s', async (_, args, code, message) => {
  const failed = await run('shader', ...args.map((arg) => (arg === 'PLAN' ? plan : arg)));
  expect([failed.stdout, failed.stderr]).toEqual(['', expect.stringContaining(message)]);
  expect(failed.code).toBe(code);
});
