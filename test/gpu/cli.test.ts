/** The command line on Dawn. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Probed } from '../../src/cli/doctor/examine.ts';
import {
  callCli,
  makeFolder,
  runCli,
  withoutTimes,
  writeTinyMnist,
  type Report,
} from '../cli/runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(join(folder, 'tiny'));
});
afterAll(() => rm(folder, { recursive: true }));

async function train(call: typeof callCli, ...args: string[]): Promise<Report> {
  const tiny = ['--data', 'tiny', '--layers', '16,8,10', '--batch-size', '16', '--runtime', 'node'];
  const { code, stdout, stderr } = await call(['train', ...tiny, '--json', '-', ...args], {
    cwd: folder,
  });
  expect([code, stderr]).toEqual([0, expect.stringMatching(/(^|\n)Trained after .*\n$/)]);
  return JSON.parse(stdout) as Report;
}

it('two runs report the same but for the times, with the adapter and the plan', async () => {
  const args = ['--backend', 'webgpu', '--epochs', '2'];
  const first = await train(runCli, ...args);
  expect(withoutTimes(await train(callCli, ...args))).toEqual(withoutTimes(first));
  expect(first).toMatchObject({
    backend: 'webgpu',
    choice: null,
    adapter: { vendor: expect.any(String) as unknown, isSoftware: expect.any(Boolean) as unknown },
    plan: expect.stringContaining('layer 0') as unknown,
    runtime: { name: 'node', dawn: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown },
    steps: 26,
  });
});

it('streamed training gives the bits of resident training, and both are near the reference', async () => {
  const streamed = await train(callCli, '--backend', 'webgpu', '--steps', '20', '--stream', 'on');
  const resident = await train(callCli, '--backend', 'webgpu', '--steps', '20', '--stream', 'off');
  expect(streamed.sha256).toBe(resident.sha256);
  const reference = await train(callCli, '--backend', 'reference', '--steps', '20');
  expect(resident.evaluation.cost).toBeCloseTo(reference.evaluation.cost, 4);
});

it('auto says what it chose and why', async () => {
  const { stderr } = await runCli(
    ['train', '--data', 'tiny', '--layers', '16,10', '--steps', '1', '--json', 'auto.json'],
    { cwd: folder },
  );
  expect(stderr).toMatch(/^Backend: (cpu \(.*\)|webgpu on .*), chosen by auto: .*\.\n$/);
  const report = JSON.parse(await readFile(join(folder, 'auto.json'), 'utf8')) as Report & {
    choice: string;
  };
  expect(report.choice).toMatch(new RegExp(`^${report.backend}: `));
});

it('a browser that is not there is named in a sentence', async () => {
  const args = ['train', '--data', 'tiny', '--layers', '16,10', '--steps', '1'];
  const failed = await callCli([...args, '--backend', 'webgpu', '--browser', '/nowhere/chrome'], {
    cwd: folder,
  });
  expect(failed.stderr).toBe(
    "error: The browser '/nowhere/chrome' is neither 'chromium' nor 'firefox' nor an executable file. Name one of these.\n",
  );
  expect(failed.code).toBe(1);
});

describe('where Dawn has no driver', () => {
  const noDriver = { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' };
  const args = ['train', '--data', 'tiny', '--layers', '16,10', '--steps', '1'];

  it('auto trains on the CPU, and says why', async (context) => {
    if (process.platform !== 'linux') context.skip('only Linux finds its drivers by a variable');
    const { code, stdout, stderr } = await runCli(args, { cwd: folder, environment: noDriver });
    expect(stderr).toMatch(/Backend: cpu \(.*\), chosen by auto: Dawn found no WebGPU adapter/);
    expect(stdout).toMatch(/^Trained after 1 step .* on cpu/);
    expect(code).toBe(0);
  });

  it('webgpu in Node is refused in a sentence, and nothing is written', async (context) => {
    if (process.platform !== 'linux') context.skip('only Linux finds its drivers by a variable');
    const more = ['--backend', 'webgpu', '--runtime', 'node', '--save', 'none.safetensors'];
    const failed = await runCli([...args, ...more], { cwd: folder, environment: noDriver });
    expect(failed.stderr).toContain('error: Dawn found no WebGPU adapter');
    expect(failed.stderr).toContain("or choose the backend 'cpu'.");
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(await readdir(folder)).not.toContain('none.safetensors');
  });
});

it('nudge doctor finds the adapter, its limits and its features, and measures it', async () => {
  const { code, stdout } = await runCli(
    ['doctor', '--no-launch', '--probe', '--json', 'doctor.json'],
    { cwd: folder },
  );
  expect(code).toBe(0);
  expect(stdout).toContain('Node (Dawn, package webgpu ');
  expect(stdout).toContain("run 'nudge data mnist'");
  const report = JSON.parse(await readFile(join(folder, 'doctor.json'), 'utf8')) as {
    dawn: {
      adapter: { limits: Record<string, number>; features: string[] };
      probe: Probed;
    };
  };
  expect(report.dawn.adapter.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(8);
  expect(report.dawn.adapter.features.length).toBeGreaterThan(0);
  expect(report.dawn.probe.problem).toBe(null);
  expect(report.dawn.probe.limits?.arithmetic.value).toBeGreaterThan(0);
  expect(stdout).toMatch(/\n {4}multiply-adds +[\d.,]+ {2}GFLOP\/s/);
});

describe('although the disk is full', () => {
  beforeEach((context) => {
    if (process.platform !== 'linux') context.skip('only Linux has /dev/full');
  });

  const network = ['--layers', '16,10', '--runtime', 'node'];
  it.each([
    ['doctor', ['--no-launch', '--json', '/dev/full'], 'Node (Dawn, package webgpu ', undefined],
    [
      'tune',
      [...network, '--budget', '0.1', '--out', '/dev/full', '--json', 'tune.json'],
      /\nPlan: /,
      'tune.json',
    ],
    [
      'sweep',
      [...network, '--data', 'tiny', '--json', '/dev/full', '--save', 'best.st'],
      '\n8 networks, ',
      'best.st',
    ],
  ])(
    'nudge %s prints its result and writes the other file',
    async (command, args, result, other) => {
      const { code, stdout, stderr } = await callCli([command, ...args], {
        cwd: folder,
        environment: { XDG_CACHE_HOME: join(folder, 'cache') },
      });
      expect(stderr).toContain("The file '/dev/full' could not be written: the disk is full.");
      expect(stdout).toMatch(result);
      expect(code).toBe(1);
      if (other !== undefined) expect(await readdir(folder)).toContain(other);
    },
  );
});
