/**
 * A short `npm run bench:agree`: the harnesses of the repository measure the same training. Rates vary on a busy machine, so
 * factors of 5 pass; the test finds a harness that measures its own waiting.
 */
import { rm } from 'node:fs/promises';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { makeFolder, runCli, writeTinyMnist } from '../cli/runCli.ts';
import { optionalFirefox } from '../setup/optional.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeTinyMnist(folder, { trainingCount: 2000, testCount: 100, side: 28 });
});
afterAll(() => rm(folder, { recursive: true }));

/** @returns the table that it prints; throws if harnesses do not agree */
async function agree(...where: string[]): Promise<string> {
  const args = ['--workloads', 'tiny', '--rounds', '1', '--seconds', '0.2', '--data', folder];
  const { code, stdout, stderr } = await runCli(
    [...args, '--within', '4', '--wait', '0', ...where],
    { cwd: folder, program: 'bench/agree.ts' },
  );
  expect(code, `${stdout}${stderr}`).toBe(0);
  return stdout;
}

it('in Chromium and in Node', async () => {
  const table = await agree('--browsers', 'chromium', '--node');
  for (const place of ['chromium', 'node']) {
    expect(table).toMatch(new RegExp(`^${place} +tiny +bench `, 'm'));
    expect(table).toMatch(new RegExp(`^${place} +tiny +train .* yes$`, 'm'));
  }
  expect(table).toMatch(/^node +tiny +bench:kernels .* yes$/m);
});

it('in Firefox', async (context) => {
  const { executablePath } = await optionalFirefox(context);
  const table = await agree('--browsers', executablePath);
  expect(table).toMatch(/ tiny +train .* yes$/m);
});
