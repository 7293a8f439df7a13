/** `npm run bench:first-step`, with nudge alone: one load of the page per library. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('times the first step of each library, from the load of the page', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'bench/firstStep.ts', '--loads', '1', '--libraries', 'webgpu,cpu'],
    { cwd: root },
  );
  expect(stdout).toMatch(/^webgpu +[\d,]+ +[\d,]+ to [\d,]+$/m);
  expect(stdout).toMatch(/^cpu +[\d,]+ +[\d,]+ to [\d,]+$/m);
});
