/** The command line through a browser. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

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

const tiny = ['--data', 'tiny', '--layers', '16,8,10', '--batch-size', '16'];
const chromium = ['--backend', 'webgpu', '--runtime', 'chromium'];

async function report(file: string): Promise<Report> {
  return JSON.parse(await readFile(join(folder, file), 'utf8')) as Report;
}

it('training in Chromium reports the same twice, and its weights evaluate to the same', async () => {
  for (const [file, call] of [
    ['1.json', runCli],
    ['2.json', callCli],
  ] as const) {
    const args = ['--epochs', '2', '--json', file, '--save', 'w.safetensors'];
    const { code, stdout, stderr } = await call(['train', ...tiny, ...chromium, ...args], {
      cwd: folder,
    });
    expect(stderr).toMatch(/^(.*\n)*Browser: .*\n$/);
    expect(stdout).toMatch(/^Trained after 26 steps .* on webgpu/);
    expect(code).toBe(0);
  }
  const first = await report('1.json');
  expect(withoutTimes(await report('2.json'))).toEqual(withoutTimes(first));
  expect(first).toMatchObject({
    backend: 'webgpu',
    runtime: { name: 'chromium', browser: expect.stringContaining('/') as unknown },
    adapter: { isSoftware: expect.any(Boolean) as unknown },
  });

  const evaluated = await callCli(
    ['evaluate', '--data', 'tiny', '--load', 'w.safetensors', ...chromium, '--json', '-'],
    { cwd: folder },
  );
  const found = JSON.parse(evaluated.stdout) as Report;
  expect(found.sha256).toBe(first.sha256);
  expect(found.evaluation).toEqual(first.evaluation);
});

it('the CPU engine trains in Chromium, in threads that its page’s policy allows, to the same bits twice', async () => {
  for (const file of ['1.json', '2.json']) {
    const args = ['--epochs', '2', '--threads', '2', '--json', file];
    const { code, stdout } = await callCli(
      ['train', ...tiny, '--backend', 'cpu', '--runtime', 'chromium', ...args],
      { cwd: folder },
    );
    expect(stdout).toMatch(/^Trained after 26 steps .* on cpu/);
    expect(code).toBe(0);
  }
  const first = await report('1.json');
  expect(first).toMatchObject({
    backend: 'cpu',
    plan: expect.stringMatching(/^(relaxed-)?simd, 2 threads$/) as unknown,
    runtime: { name: 'chromium' },
  });
  expect(withoutTimes(await report('2.json'))).toEqual(withoutTimes(first));
});

it('a damaged file that the page reads is named with its folder', async () => {
  await writeTinyMnist(join(folder, 'bad'), { testCount: 5 });
  const images = await readFile(join(folder, 'tiny', 't10k-images-idx3-ubyte'));
  await writeFile(join(folder, 'bad', 't10k-images-idx3-ubyte'), images.subarray(0, 100));
  const { code, stderr } = await callCli(
    ['train', '--data', 'bad', '--layers', '16,10', ...chromium, '--save', 'bad.safetensors'],
    { cwd: folder },
  );
  expect(stderr).toContain(`error: In ${join(folder, 'bad')}: The file of mnist test images`);
  expect(code).toBe(1);
  await expect(readFile(join(folder, 'bad.safetensors'))).rejects.toThrow('ENOENT');
});

it('Ctrl-C in the middle of it saves what the page had learned', async () => {
  const args = ['--epochs', '1000000', '--json', 'int.json', '--save', 'int.safetensors'];
  const { code, stdout } = await runCli(['train', ...tiny, ...chromium, ...args], {
    cwd: folder,
    isTerminal: true,
    signalAt: { pattern: /epoch 3: /, name: 'SIGINT' },
  });
  expect(stdout).toMatch(/\nStopped after [\d,]+ steps/);
  expect(code).toBe(130);
  const reached = await report('int.json');
  expect(reached.isStopped).toBe(true);
  expect(reached.steps).toBeGreaterThanOrEqual(39);
  const evaluated = await callCli(
    ['evaluate', '--data', 'tiny', '--load', 'int.safetensors', '--backend', 'cpu', '--json', '-'],
    { cwd: folder },
  );
  expect((JSON.parse(evaluated.stdout) as Report).sha256).toBe(reached.sha256);
});

it('nudge doctor starts the browsers it finds and asks them for an adapter', async () => {
  const { code, stdout } = await runCli(['doctor'], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nChromium \(.*\)\n {2}adapter: /);
});
