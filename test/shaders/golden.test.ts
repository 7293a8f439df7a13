/**
 * The WGSL of the default plans, so that a review shows a change of a kernel as WGSL.
 * `npx vitest run --project node test/shaders/golden.test.ts -u` writes it anew.
 */
import { expect, test } from 'vitest';

import { run } from '../support/commandLine.ts';

const cases = ['lecture', 'modern'].flatMap((preset) =>
  ['hardware', 'software'].map((adapter) => ({ preset, adapter })),
);

test.each(cases)('a step of $preset on $adapter', async ({ preset, adapter }) => {
  const { code, stdout, stderr } = await run('shader', '--preset', preset, '--adapter', adapter);
  expect([code, stderr]).toEqual([0, '']);
  await expect(stdout).toMatchFileSnapshot(`golden/${preset}-${adapter}.wgsl`);
});
