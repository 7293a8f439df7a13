import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import type { VerificationReport } from '../../src/benchmark/verification/verify.ts';
import { optionalDeno } from '../setup/optional.ts';

const script = fileURLToPath(new URL('../../bench/verifyInDeno.ts', import.meta.url));

it('Deno (WebGPU by wgpu) runs the same modules and passes the same checks', async (context) => {
  const deno = optionalDeno(context);
  const { stdout } = await promisify(execFile)(deno, ['run', '-A', '--unstable-webgpu', script]);
  const report = JSON.parse(stdout.trim()) as VerificationReport | null;
  if (report === null) {
    context.skip('Deno is here, but finds no WebGPU adapter');
    return;
  }
  expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
  expect(report.checks.length).toBeGreaterThanOrEqual(8);
});
