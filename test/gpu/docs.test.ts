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
beforeAll(async () => {
  folder = await makeFolder();
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

const environment = () => ({ MNIST_DIR: '', XDG_CACHE_HOME: join(folder, 'cache') });
const run = async (program: string, args: readonly string[]) =>
  await promisify(execFile)(program, args, {
    cwd: folder,
    env: { ...process.env, ...environment() },
  });

const commands = Object.entries(coverage).flatMap(([text, how]) =>
  typeof how === 'object' && 'run' in how ? [{ text, replaced: how.run }] : [],
);

it.each(commands)('$text', async ({ text, replaced }) => {
  for (const word of Object.keys(replaced)) expect(wordsOf(text)).toContain(word);
  const [program, ...args] = expand(text).map((word) => replaced[word] ?? word);
  expect(program).toBe('node');
  // Nudge itself runs in this process, which saves a second each time.
  const isNudge = args.slice(0, 3).join(' ') === '--import tsx src/cli/main.ts';
  const { stdout, stderr, code } = isNudge
    ? await callCli(args.slice(3), { cwd: folder, environment: environment() })
    : { ...(await run(process.execPath, args)), code: 0 };
  expect(code, stderr).toBe(0);
  expect(stdout).not.toBe('');
});

it('npm gives a script its options', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'nudge', '--', 'train', '--help']);
  expect(stdout).toContain('Usage: nudge train ');
});
