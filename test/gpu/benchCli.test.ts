/** `nudge bench` on Dawn. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { readResult } from '../../src/benchmark/result/read.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { callCli, makeFolder, runCli, writeTinyMnist } from '../cli/runCli.ts';
import { writeFakePython } from '../support/fakePython.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'images'), { trainingCount: 400, testCount: 100, side: 28 });
  await writeTinyMnist(join(folder, 'small'));
});
afterAll(() => rm(folder, { recursive: true }));

// Other programs are no reason for a test to wait.
const node = ['bench', '--data', 'images', '--wait', '0', '--runtime', 'node'];
const short = ['--repeats', '2', '--blocks', '1', '--seconds', '0.02'];

async function read(file: string) {
  return readResult(await readFile(join(folder, file), 'utf8'));
}

it('a quick run is verified, ends with exit code 0, and says what ran where', async () => {
  const { code, stdout } = await runCli(
    [...node, '--quick', '--workloads', 'tiny', ...short, '--json', 'quick.json'],
    { cwd: folder },
  );
  expect(stdout).toMatch(
    /^samples\/s +network +CPU, 1 thread +CPU, (chose 1 thread|(1 or )?\d+ threads) +GPU +GPU over CPU/,
  );
  expect(stdout).toMatch(/\nVerified, 1 workload: worst error [\d.e-]+ of the tolerance/);
  expect(code).toBe(0);
  const result = await read('quick.json');
  expect(result.settings).toEqual({
    workloads: ['tiny'],
    backends: ['cpu-1', 'cpu', 'webgpu'],
    repeats: 2,
    blocks: 1,
    repeatSeconds: 0.02,
    seed: 1,
  });
  const { environment, nudge, workloads } = result;
  expect(environment).toMatchObject({
    runtime: 'node',
    name: `Node ${process.versions.node} with webgpu ${packageJson.devDependencies.webgpu}`,
    isIsolated: true,
  });
  expect(nudge.version).toBe(packageJson.version);
  expect(workloads[0]?.series.map(({ samplesPerSecond }) => samplesPerSecond.length)).toEqual([
    2, 2, 2,
  ]);
});

it('Ctrl-C keeps what is finished with exit code 130, and --resume does the rest and no more', async () => {
  // Long enough for the signal to get there in time.
  const long = ['--repeats', '4', '--blocks', '2', '--seconds', '0.1'];
  const backends = ['--backends', 'cpu-1', '--workloads', 'tiny,batch-10,batch-1'];
  const stopped = await runCli([...node, ...backends, ...long, '--json', 'stopped.json'], {
    cwd: folder,
    isTerminal: true,
    signalAt: { pattern: /batch-10 on CPU, 1 thread: /, name: 'SIGINT' },
  });
  expect(stopped.stderr).toContain('Stopping; finished measurements are kept.');
  expect(stopped.code).toBe(130);
  const first = await read('stopped.json');
  expect(first.flags.map(({ kind }) => kind)).toContain('stopped');
  expect(first.workloads.map(({ name }) => name)).toContain('tiny');
  expect(first.workloads.length).toBeLessThan(3);

  const resumed = await callCli(
    [...node, '--resume', 'stopped.json', '--json', 'stopped.json', '--markdown', 'whole.md'],
    { cwd: folder },
  );
  expect(resumed.stderr).toBe('');
  expect(resumed.code).toBe(0);
  const whole = await read('stopped.json');
  expect(whole.workloads.map(({ name }) => name)).toEqual(['tiny', 'batch-10', 'batch-1']);
  for (const [w, { series }] of first.workloads.entries()) {
    const repeats = series[0]!.samplesPerSecond;
    const all = whole.workloads[w]!.series[0]!.samplesPerSecond;
    expect(all.length).toBe(4);
    expect(all.slice(0, repeats.length)).toEqual(repeats);
  }
  expect(whole.startedAt).toBe(first.startedAt);
  expect(await readFile(join(folder, 'whole.md'), 'utf8')).toContain('batch-1');
});

it('without an adapter the CPU is measured, with the reason, and exit code 1', async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux finds its drivers by a variable');
  const environment = { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' };
  const tiny = [...node, '--workloads', 'tiny', ...short];
  const without = await runCli([...tiny, '--json', '-'], { cwd: folder, environment });
  const result = readResult(without.stdout);
  expect(result.environment.noAdapter).toContain('Dawn found no WebGPU adapter');
  expect(result.workloads[0]?.series.map(({ backend }) => backend)).toEqual(['cpu-1', 'cpu']);
  expect(without.stderr).toContain('Not verified: there was no GPU.');
  expect(without.code).toBe(1);

  const asked = await runCli([...tiny, '--backends', 'cpu,webgpu'], { cwd: folder, environment });
  expect(asked.stderr).toContain('error: Dawn found no WebGPU adapter');
  expect([asked.code, asked.stdout]).toEqual([1, '']);
});

it('pictures of another size are refused before anything is begun, and nothing is written', async () => {
  const before = await readdir(folder);
  const failed = await callCli(
    [
      'bench',
      '--data',
      'small',
      '--runtime',
      'node',
      '--backends',
      'cpu-1',
      '--json',
      'failed.json',
    ],
    { cwd: folder },
  );
  expect(failed.stderr).toMatch(/^error: Dataset '.*' has 16 features per sample, but the network/);
  expect([failed.code, failed.stdout]).toEqual([2, '']);
  expect(await readdir(folder)).toEqual(before);
});

it('--peers has Python beside, and goes on where that is wrong or absent', async (context) => {
  context.skip(process.platform === 'win32', 'Windows runs no script by its first line');
  const beside = [
    ...node,
    ...short,
    '--backends',
    'cpu',
    '--workloads',
    'tiny',
    '--peers',
    '--json',
    '-',
  ];
  const python = await writeFakePython(folder);
  const wrong = await callCli([...beside, '--python', python], { cwd: folder });
  const { settings, flags } = readResult(wrong.stdout);
  expect(settings.backends).toEqual(['cpu', 'numpy']);
  const messages = flags.filter(({ backend }) => backend === 'numpy').map(({ message }) => message);
  expect(messages).toEqual([expect.stringContaining('numpy has a cost of 2 in step 1; nudge has')]);
  expect(wrong.code).toBe(0);

  const absent = await callCli([...beside, '--python', join(folder, 'none')], { cwd: folder });
  expect(absent.stderr).toContain("Python's libraries were not measured");
  expect(readResult(absent.stdout).settings.backends).toEqual(['cpu']);
  expect(absent.code).toBe(0);
});
