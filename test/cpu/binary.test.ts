import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

import { expect, it } from 'vitest';

import { compileKernels } from '../compileKernels.ts';

it('is what the sources compile to, and small', { timeout: 120_000 }, async () => {
  const committed = await readFile(new URL('../../src/cpu/binary.ts', import.meta.url), 'utf8');
  // Not toBe, whose message would be 30 KB of base64.
  const isCurrent = committed === (await compileKernels());
  expect(isCurrent, 'run `npm run kernels`').toBe(true);
  expect(gzipSync(committed).length).toBeLessThanOrEqual(30 * 1024);
});
