/** Runs the commands of the documents that are quick, in a folder that has what a checkout has; see test/docs/commands.ts. */
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { writeResult } from '../../src/benchmark/result/write.ts';
import { callCli, makeFolder, writeTinyMnist } from '../cli/runCli.ts';
import { coverage, expand, root, wordsOf } from '../docs/commands.ts';
import { makeBenchmarkResult } from '../support/benchmarkResult.ts';

let folder: string;
let environment: Record<string, string>;
beforeAll(async () => {
  folder = await makeFolder();
  environment = { XDG_CACHE_HOME: join(folder, 'cache') };
  for (const name of ['package.json', 'node_modules', 'src', 'shaders', 'bench', 'test']) {
    await symlink(join(root, name), join(folder, name));
  }
  // Where the command line looks for MNIST.
  await mkdir(join(folder, 'data'));
  await writeTinyMnist(join(folder, 'data/mnist'), { trainingCount: 300, side: 28 });
  for (const name of ['old.json', 'new.json']) {
    await writeFile(join(folder, name), writeResult(makeBenchmarkResult()));
  }
});
afterAll(() => rm(folder, { recursive: true }));

const commands = Object.entries(coverage).flatMap(([text, how]) =>
  typeof how === 'object' && 'run' in how ? [{ text, replaced: how.run }] : [],
);

it.each(commands)('$text', async ({ text, replaced }) => {
  for (const word of Object.keys(replaced)) expect(wordsOf(text)).toContain(word);
  const command = expand(text).map((word) => replaced[word] ?? word);
  expect(command.slice(0, 4)).toEqual(['node', '--import', 'tsx', 'src/cli/main.ts']);
  // In this process, which saves a second each time.
  const { code, stdout, stderr } = await callCli(command.slice(4), { cwd: folder, environment });
  expect(code, stderr).toBe(0);
  expect(stdout).not.toBe('');
});

it('npm gives a script its options', async () => {
  const args = ['run', '--silent', 'nudge', '--', 'train', '--help'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder });
  expect(stdout).toContain('Usage: nudge train ');
});
