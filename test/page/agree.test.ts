/**
 * A short `npm run bench:agree`: the harnesses of the repository measure the same training. Rates vary on a busy machine, so
 * factors of 10 pass; the test finds a harness that measures its own waiting, which takes a hundred times a step.
 */
import { rm } from 'node:fs/promises';

import { afterAll, beforeAll, expect, inject, it } from 'vitest';

import { findBrowser } from '../../src/node/browser.ts';
import { makeFolder, runCli, writeTinyMnist } from '../cli/runCli.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(folder, { trainingCount: 2000, testCount: 100, side: 28 });
});
afterAll(() => rm(folder, { recursive: true }));

it('in a browser and in Node', async () => {
  // Firefox if it is there: in it, a wait for the GPU is longest.
  const browser =
    inject('firefoxRefusal') === ''
      ? await findBrowser('firefox').catch(() => undefined)
      : undefined;
  const place = browser?.executablePath ?? 'chromium';
  const args = ['--workloads', 'tiny', '--rounds', '1', '--seconds', '0.2', '--data', folder];
  const { code, stdout, stderr } = await runCli(
    [...args, '--within', '9', '--wait', '0', '--browsers', place, '--node'],
    { cwd: folder, program: 'bench/agree.ts' },
  );
  expect(code, `${stdout}${stderr}`).toBe(0);
  for (const where of [place, 'node']) {
    expect(stdout).toMatch(new RegExp(`^${where} +tiny +bench `, 'm'));
    expect(stdout).toMatch(new RegExp(`^${where} +tiny +train .* yes$`, 'm'));
  }
  expect(stdout).toMatch(/^node +tiny +bench:kernels .* yes$/m);
});
