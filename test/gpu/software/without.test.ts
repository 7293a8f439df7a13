/** The annex for software adapters can be deleted: a copy of the repository compiles and trains without it. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { writeTinyMnist } from '../../cli/runCli.ts';

const root = join(import.meta.dirname, '../../..');
/** Its two folders, and the two files that import it. */
const folders = ['shaders/software', 'src/gpu/software'];
const edits = [
  ['shaders/matmul/matmul.ts', '{ simple, swapped, textured }', '{ simple }'],
  ['src/gpu/plan/choose.ts', '[softwareAdapters]', '[]'],
] as const;
let copy: string;

const run = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: copy });

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'nudge-without-'));
  for (const name of ['src', 'shaders', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const folder of folders) await rm(join(copy, folder), { recursive: true });
  for (const [file, from, to] of edits) {
    const source = await readFile(join(copy, file), 'utf8');
    const without = source.replace(/^import .*\/software\/.*\n/m, '').replace(from, to);
    expect(without.length, file).toBeLessThan(source.length);
    await writeFile(join(copy, file), without);
  }
});

afterAll(() => rm(copy, { recursive: true, force: true }));

it('compiles without it', async () => {
  await run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noEmit');
}, 120_000);

it('trains without it like the reference', async () => {
  await writeTinyMnist(join(copy, 'tiny'));
  const costs = [];
  for (const backend of ['reference', 'webgpu']) {
    const { stdout } = await run(
      ...['--import', 'tsx', 'src/cli/main.ts', 'train', '--backend', backend],
      ...['--runtime', 'node', '--data', 'tiny', '--layers', '16,12,10', '--batch-size', '20'],
      ...['--epochs', '2', '--json', '-'],
    );
    const { epochs, plan } = JSON.parse(stdout) as {
      readonly epochs: readonly { readonly cost: number }[];
      readonly plan: string;
    };
    if (backend === 'webgpu') expect(plan).not.toMatch(/swapped|textured/);
    costs.push(epochs.at(-1)!.cost);
  }
  const [reference, gpu] = costs;
  expect(Math.abs(gpu! - reference!)).toBeLessThan(1e-4 * reference!);
}, 60_000);
