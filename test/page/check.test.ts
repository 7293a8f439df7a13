import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { VerificationReport } from '../../src/benchmark/verification/verify.ts';
import { openBrowserSession } from '../../src/node/browserSession.ts';
import { makeFolder, runCli } from '../cli/runCli.ts';
import { optionalFirefox } from '../setup/optional.ts';

/**
 * The checks of `nudge check`, in a browser, on the generated digits.
 * @param seed of the kernels' shapes and data; others than on Dawn, where the compiler is Chromium's
 */
async function checkIn(browser: string, seed: number): Promise<VerificationReport> {
  const session = await openBrowserSession({ browser });
  try {
    return await session.call<VerificationReport>('check', {
      configuration: { rounds: 1, seed },
      data: { kind: 'digits' },
    });
  } finally {
    await session.close();
  }
}

// Two minutes are not enough where a hundred and more kernels are compiled slowly.
describe(
  'every kernel, the gradient and whole trajectories keep their bounds',
  { timeout: 300_000 },
  () => {
    it('in Chromium, whose WGSL compiler is Tint, as nudge check says row by row', async () => {
      const folder = await makeFolder();
      const args = [
        '--runtime',
        'chromium',
        '--rounds',
        '1',
        '--seed',
        '3',
        '--json',
        'check.json',
      ];
      const { code, stdout } = await runCli(['check', ...args], { cwd: folder });
      expect(stdout).toMatch(/^check +cases +worst\/bound\n/);
      expect(stdout).toMatch(/\nAll \d+ checks passed on .*\.\n$/);
      expect(code).toBe(0);
      const json = await readFile(join(folder, 'check.json'), 'utf8');
      const report = JSON.parse(json) as VerificationReport;
      expect(report.passed).toBe(true);
      expect(report.checks.length).toBeGreaterThanOrEqual(8);
      for (const { worst } of report.checks) expect(worst).toBeLessThanOrEqual(1);
      await rm(folder, { recursive: true });
    });

    it('in Firefox, whose WGSL compiler is naga', async (context) => {
      const firefox = await optionalFirefox(context);
      const report = await checkIn(firefox.executablePath, 1);
      expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
    });
  },
);
