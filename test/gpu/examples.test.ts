/** Runs the examples for Node, Deno and PyTorch as their first lines say; test/page/examples.test.ts runs the page. */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { Trainer, digits, loadParameters, sgd } from '../../src/index.ts';
import { makeFolder } from '../cli/runCli.ts';
import { root } from '../docs/commands.ts';
import { optionalDeno, optionalPyTorch } from '../setup/optional.ts';

let folder: string;
/** What the first example saves, and PyTorch loads. */
let saved: string;
beforeAll(async () => {
  folder = await makeFolder();
  saved = join(folder, 'network.safetensors');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: root });
  return stdout;
}
const runInNode = (...args: string[]) => run(process.execPath, '--import', 'tsx', ...args);
const isLearned = /^(8|9)\d % of the test digits are right$/m;

it('Node trains, and saves the network', async () => {
  expect(await runInNode('examples/node.ts', saved)).toMatch(isLearned);
});

it('PyTorch computes with the saved network what nudge does', async (context) => {
  const python = optionalPyTorch(context);
  const { test } = digits({ trainingCount: 1, testCount: 20 });
  const trainer = await Trainer.create(loadParameters(await readFile(saved)), {
    ...{ backend: 'reference', batchSize: 1, optimizer: sgd({ learningRate: 1 }) },
  });
  const outputs = [...(await trainer.predict(test))];
  await trainer.dispose();

  const features = JSON.stringify([...test.features]);
  const script = `
import sys, torch
sys.path.insert(0, 'examples')
from pytorch import load
features = torch.tensor(${features}).reshape(20, 784) / 255
print(load(sys.argv[1])(features).flatten().tolist())`;
  const inPyTorch = JSON.parse(await run(python, '-B', '-c', script, saved)) as number[];
  expect(inPyTorch.length).toBe(outputs.length);
  inPyTorch.forEach((value, i) => expect(value).toBeCloseTo(outputs[i]!, 5));
  expect(await run(python, '-B', 'examples/pytorch.py', saved)).toContain('Linear(in_features=784');
});

it('Deno trains', async (context) => {
  const deno = optionalDeno(context);
  expect(await run(deno, 'run', '-A', '--unstable-webgpu', 'examples/deno.ts')).toMatch(isLearned);
});

it('a sweep ranks its networks', async () => {
  const lines = (await runInNode('examples/sweep.ts')).trim().split('\n');
  const ranked = lines.flatMap((line) => {
    const [, accuracy] = /^rate \d+, seed \d: ([\d.]+) %$/.exec(line) ?? [];
    return accuracy === undefined ? [] : [Number(accuracy)];
  });
  expect(ranked.length).toBe(6);
  expect(ranked).toEqual([...ranked].sort((one, other) => other - one));
  expect(lines.at(-1)).toMatch(/^the best network is number \d, \d+ bytes when saved$/);
});
