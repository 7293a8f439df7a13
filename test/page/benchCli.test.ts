/** `nudge bench` in browsers: one that it starts, and one that somebody else has started. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { readResult } from '../../src/benchmark/result/read.ts';
import { findBrowser } from '../../src/node/browser.ts';
import { describePython, pythonBackends } from '../../src/node/pythonPeers.ts';
import { callCli, makeFolder, runCli, writeTinyMnist } from '../cli/runCli.ts';
import { writeFakePython } from '../support/fakePython.ts';
import { ownPage, startRemoteBrowser } from '../support/remoteBrowser.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'images'), { trainingCount: 400, testCount: 100, side: 28 });
});
afterAll(() => rm(folder, { recursive: true }));

// Other programs are no reason for a test to wait.
const bench = ['bench', '--data', 'images', '--wait', '0'];
const short = ['--repeats', '2', '--blocks', '1', '--seconds', '0.02'];

it('--connect runs in a browser that runs already, and leaves it as it was', async () => {
  const remote = await startRemoteBrowser(await findBrowser());
  try {
    const { host } = new URL(remote.endpoint);
    const { code, stdout, stderr } = await callCli(
      [
        ...[...bench, ...short, '--quick', '--workloads', 'tiny'],
        ...['--connect', `http://${host}`, '--json', '-'],
      ],
      { cwd: folder },
    );
    expect(stderr).toMatch(
      new RegExp(`^Browser: .* at http://${host}, page at http://127\\.0\\.0\\.1:\\d+/`),
    );
    expect(stderr).toMatch(/\nVerified, 1 workload: worst error [\d.e-]+ of the tolerance/);
    const { environment, settings, workloads, nudge } = readResult(stdout);
    expect(environment).toMatchObject({ runtime: 'browser', isIsolated: true });
    expect(environment.name).toMatch(/^Chrom(e|ium) \d+$/);
    expect(settings.backends).toEqual(['cpu-1', 'cpu', 'webgpu']);
    expect(workloads[0]?.verification?.isVerified).toBe(true);
    expect(nudge.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(code).toBe(0);
    expect(await remote.pages()).toEqual([ownPage]);
    expect(remote.isRunning()).toBe(true);
  } finally {
    await remote.end();
  }
});

it('Ctrl-C keeps what the browser has finished, with exit code 130', async () => {
  // Long enough for the signal to get there in time.
  const long = ['--repeats', '6', '--blocks', '2', '--seconds', '0.2'];
  const stopped = await runCli(
    [
      ...[...bench, ...long, '--backends', 'cpu-1', '--workloads', 'tiny,batch-10,batch-1'],
      ...['--json', 'a.json'],
    ],
    {
      cwd: folder,
      isTerminal: true,
      signalAt: { pattern: /batch-10 on CPU, 1 thread: /, name: 'SIGINT' },
    },
  );
  expect(stopped.stderr).toContain('Stopping; finished measurements are kept.');
  expect(stopped.code).toBe(130);
  const { flags, workloads } = readResult(await readFile(join(folder, 'a.json'), 'utf8'));
  expect(flags.map(({ kind }) => kind)).toContain('stopped');
  expect(workloads.map(({ name }) => name)).toContain('tiny');
  expect(workloads.length).toBeLessThan(3);
});

it('--peers times other libraries beside, threads and all, under the page’s policy', async () => {
  const { code, stdout, stderr } = await callCli(
    [
      ...bench,
      ...short,
      '--workloads',
      'tiny',
      '--backends',
      'cpu',
      '--peers',
      '--no-python',
      '--json',
      '-',
    ],
    { cwd: folder },
  );
  const { workloads, flags, scores } = readResult(stdout);
  expect(flags.filter(({ kind }) => kind === 'failed')).toEqual([]);
  expect(workloads[0]!.series.map(({ backend }) => backend)).toEqual([
    'cpu',
    'tfjs-wasm',
    'jax-wasm',
  ]);
  for (const { finalCost } of workloads[0]!.series) expect(finalCost).toBeGreaterThan(0);
  expect(scores.map(({ backend }) => backend)).toEqual(['cpu']);
  expect(stderr).toMatch(/TensorFlow\.js, WebAssembly +jax-js, WebAssembly/);
  expect(code).toBe(0);
});

it('--peers asks Python, which Node starts for the page’s worker', async (context) => {
  context.skip(process.platform === 'win32', 'Windows runs no script by its first line');
  // A stand-in, whose cost is 2 whatever it trains.
  const python = await writeFakePython(folder);
  const { code, stdout, stderr } = await callCli(
    [
      ...[...bench, ...short, '--workloads', 'tiny', '--backends', 'cpu', '--peers'],
      ...['--python', python, '--json', '-'],
    ],
    { cwd: folder },
  );
  expect(stderr).toContain('PyTorch was not measured.');
  const { settings, workloads, flags } = readResult(stdout);
  expect(settings.backends).toEqual(['cpu', 'tfjs-wasm', 'jax-wasm', 'numpy']);
  expect(workloads[0]!.series.map(({ backend }) => backend)).toEqual([
    'cpu',
    'tfjs-wasm',
    'jax-wasm',
  ]);
  const [flag] = flags.filter(({ backend }) => backend === 'numpy');
  expect(flag).toMatchObject({ kind: 'failed', isVoid: false });
  expect(flag!.message).toContain('numpy has a cost of 2 in step 1; nudge has');
  expect(code).toBe(0);
});

it('--peers times what Python has beside, in a browser', async (context) => {
  const found = await describePython('python3');
  const backends = pythonBackends(found);
  context.skip(backends.length === 0, found.notes[0]);
  const { code, stdout } = await callCli(
    [...bench, ...short, '--workloads', 'tiny', '--backends', 'cpu', '--peers', '--json', '-'],
    { cwd: folder },
  );
  const { workloads, flags } = readResult(stdout);
  expect(flags.filter(({ kind }) => kind === 'failed')).toEqual([]);
  const ran = workloads[0]!.series.filter(({ backend }) => backends.some((one) => one === backend));
  expect(ran.map(({ backend }) => backend)).toEqual(backends);
  for (const { plan, samplesPerSecond } of ran) {
    expect(plan).toMatch(/^(NumPy|PyTorch)/);
    expect(samplesPerSecond).toHaveLength(2);
  }
  expect(code).toBe(0);
});
