import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { kernelNames } from '../../src/benchmark/verification/kernels.ts';
import type { VerificationReport } from '../../src/benchmark/verification/verify.ts';
import { openBrowserSession } from '../../src/node/browserSession.ts';
import { callCli, makeFolder } from '../cli/runCli.ts';
import { optionalFirefox } from '../setup/optional.ts';

/** Every kernel and all that is trained have cases in the report, of which none is beyond its bound. */
function expectWhole({ passed, checks }: VerificationReport, plans = 0): void {
  expect(checks.filter((check) => !check.passed)).toEqual([]);
  expect(passed).toBe(true);
  const kernels = kernelNames.map((kernel) => `kernel '${kernel}' against float64`);
  expect(checks.map(({ name }) => name)).toEqual([
    ...kernels,
    ...(plans > 0 ? ['steps by drawn plans against float64'] : []),
    expect.stringMatching(/^gradient /),
    expect.stringMatching(/^parameters /),
    expect.stringMatching(/^the same bits /),
  ]);
  for (const { cases, worst } of checks) {
    expect(cases).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(1);
  }
}

// Compiling is slow here, so of each kernel some cases are drawn. All of them run in test/gpu/kernels.test.ts.
describe(
  'the kernels, the gradient and whole trajectories keep their bounds',
  { timeout: 300_000 },
  () => {
    it('in Chromium (WGSL by Tint), row by row as in nudge check', async () => {
      const folder = await makeFolder();
      const { code, stdout } = await callCli(
        [
          ...['check', '--runtime', 'chromium', '--rounds', '1', '--fraction', '0.05'],
          ...['--plans', '3', '--seed', '3', '--json', 'check.json'],
        ],
        { cwd: folder },
      );
      expect(stdout).toMatch(/^check +cases +worst\/bound\n/);
      expect(stdout).toMatch(/\nAll \d+ checks passed on .*\.\n$/);
      expect(code).toBe(0);
      const json = await readFile(join(folder, 'check.json'), 'utf8');
      expectWhole(JSON.parse(json) as VerificationReport, 3);
      await rm(folder, { recursive: true });
    });

    it('in Firefox (WGSL by naga)', async (context) => {
      const firefox = await optionalFirefox(context);
      const session = await openBrowserSession({ browser: firefox.executablePath });
      try {
        const report = await session.call<VerificationReport>('check', {
          configuration: { rounds: 1, fraction: 0.25, seed: 1 },
          data: { kind: 'digits', options: { trainingCount: 1000, testCount: 1 } },
        });
        expectWhole(report);
      } finally {
        await session.close();
      }
    });
  },
);
