/**
 * A short `npm run bench:agree`: the harnesses of the repository measure the same training. Rates vary on a busy machine, so
 * factors of 5 pass; the test finds a harness that measures its own waiting.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { optionalFirefox } from '../setup/optional.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @returns the table that it prints; throws if harnesses do not agree */
async function agree(...where: string[]): Promise<string> {
  const args = ['--workloads', 'tiny', '--rounds', '1', '--seconds', '0.5', '--data', 'digits'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'bench/agree.ts', ...args, '--within', '4', '--wait', '0', ...where],
    { cwd: root },
  );
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
