/** CONTRIBUTING.md's two additions, made from its text in a copy of the repository. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { writeTinyMnist } from '../cli/runCli.ts';

const root = join(import.meta.dirname, '../..');
let copy: string;

/** An instruction of the document: a file, where in it, and the block of code that follows. */
const instructions =
  /(?:Create `([^`]+)`|In `([^`]+)`, (after|before|replace) (?:the last record|`([^`]+)`)):\n\n```ts\n([^]*?)```/g;

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', ...args], {
    cwd: copy,
    env: { ...process.env, NO_COLOR: '1' },
  });

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'nudge-contributing-'));
  for (const name of ['src', 'shaders', 'package.json', 'tsconfig.json']) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await mkdir(join(copy, 'test'));
  await cp(join(root, 'test/compileKernels.ts'), join(copy, 'test/compileKernels.ts'));
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));

  const text = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
  const found = [...text.matchAll(instructions)];
  expect(found.length).toBe(text.match(/```ts\n/g)?.length);
  for (const [, created, file = '', how, anchor, code = ''] of found) {
    if (created !== undefined) {
      await writeFile(join(copy, created), code);
      continue;
    }
    const path = join(copy, file);
    const source = await readFile(path, 'utf8');
    // The last record ends where the table does.
    const place = anchor ?? '} as const satisfies';
    expect(source.split(place).length, `${place} in ${file}`).toBe(2);
    const isAfter = how === 'after' && anchor !== undefined;
    const inserted = how === 'replace' ? code : isAfter ? `${place}\n${code}` : `${code}${place}`;
    await writeFile(
      path,
      source.replace(place, () => inserted),
    );
  }
  await writeTinyMnist(join(copy, 'tiny'));
  await run('test/compileKernels.ts');
}, 60_000);

afterAll(() => rm(copy, { recursive: true, force: true }));

it('adds an activation and an optimizer that train alike on every backend', async () => {
  const costs = [];
  for (const backend of ['reference', 'cpu', 'webgpu']) {
    const { stdout } = await run(
      ...['src/cli/main.ts', 'train', '--backend', backend, '--runtime', 'node'],
      ...['--data', 'tiny', '--layers', '16,12,10', '--batch-size', '20'],
      ...['--activation', 'silu', '--optimizer', 'adagrad', '--epochs', '2', '--json', '-'],
    );
    const report = JSON.parse(stdout) as {
      readonly epochs: readonly { readonly cost: number }[];
    };
    costs.push(report.epochs.at(-1)!.cost);
  }
  const [reference, ...others] = costs;
  for (const cost of others) expect(Math.abs(cost - reference!)).toBeLessThan(1e-4 * reference!);
}, 120_000);

it('adds an activation: the slope is the derivative, and the gradient keeps its bound on the GPU', async () => {
  await writeFile(
    join(copy, 'check.ts'),
    `import { checkGradient } from './src/benchmark/verification/gradient.ts';
import { digits } from './src/data/digits/digits.ts';
import { Device } from './src/gpu/device.ts';
import { activationFunction } from './src/network/activations.ts';
import { Network } from './src/network/network.ts';
import { createGpu } from './src/node/dawn.ts';

const { f, slope } = activationFunction('silu');
const worst = Math.max(
  ...[-9, -2, -0.3, 0, 0.7, 4].map((z) => Math.abs(slope(z) - (f(z + 1e-6) - f(z - 1e-6)) / 2e-6)),
);
const device = await Device.request({ gpu: await createGpu() });
const network = new Network({ layers: [784, 12, 9, 10], activation: 'silu' });
const share = await checkGradient(device, network, digits({ trainingCount: 40, testCount: 1 }).training);
console.log(JSON.stringify({ worst, share }));
process.exit();
`,
  );
  const { stdout } = await run('check.ts');
  const { worst, share } = JSON.parse(stdout) as { readonly worst: number; readonly share: number };
  expect(worst).toBeLessThan(1e-9);
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThanOrEqual(1);
}, 60_000);
