import { describe, expect, it } from 'vitest';

import type { VerificationReport } from '../../src/benchmark/verification/verify.ts';
import { openBrowserSession } from '../../src/node/browserSession.ts';
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
    it('in Chromium, whose WGSL compiler is Tint', async () => {
      const report = await checkIn('chromium', 3);
      expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
      expect(report.checks.length).toBeGreaterThanOrEqual(8);
    });

    it('in Firefox, whose WGSL compiler is naga', async (context) => {
      const firefox = await optionalFirefox(context);
      const report = await checkIn(firefox.executablePath, 1);
      expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
    });
  },
);
