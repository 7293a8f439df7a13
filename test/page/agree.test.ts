/**
 * The harnesses of the repository measure the same training: `npm run bench:agree`, in short. Figures of a busy machine vary,
 * so that factors of 5 pass here; what this finds is a harness that measures its own waiting.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { optionalFirefox } from '../setup/optional.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @returns the table that it prints; throws what it says where harnesses do not agree */
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
    for (const harness of ['bench', 'train']) {
      expect(table).toMatch(new RegExp(`\\| ${place}, tiny, ${harness} \\|.*\\| yes \\|`));
    }
  }
  expect(table).toMatch(/\| node, tiny, bench:kernels \|.*\| yes \|/);
});

it('in Firefox', async (context) => {
  const { executablePath } = await optionalFirefox(context);
  const table = await agree('--browsers', executablePath);
  expect(table.match(/\| yes \|/g)).toHaveLength(2);
});
