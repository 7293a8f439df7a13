import { afterAll, beforeAll, expect, it } from 'vitest';

import { hostPage, isHidden, resultOf, textOf, type PageHost } from './openPage.ts';

/** A gradient that is one per cent too long, as a shader makes it. */
const right = 'applyGradient(at, sum * scale, rate)';
const wrong = 'applyGradient(at, 1.01 * sum * scale, rate)';

let host: PageHost;
let edits = 0;
beforeAll(async () => {
  host = await hostPage(undefined, (script) => {
    edits += script.split(right).length - 1;
    return script.replaceAll(right, wrong);
  });
});
afterAll(() => host.close());

it('a kernel that computes something else has no score, and the tensor is named', async () => {
  expect(edits).toBeGreaterThan(0);
  const page = await host.open(
    '?workloads=tiny&backend=webgpu,cpu&repeats=2&blocks=1&seconds=0.02&samples=1000&auto=1',
  );
  const result = await resultOf(page);
  expect(result.scores.map(({ backend }) => backend)).toEqual(['cpu']);
  expect(result.workloads[0]!.verification).toMatchObject({ isVerified: false });
  const [flag] = result.flags.filter(({ kind }) => kind === 'not-verified');
  expect(flag?.message).toMatch(
    /the error of the gradient of layers\.\d\.weight is [\d.e+]+ times/,
  );
  expect(await isHidden(page, '#result')).toBe(false);
  const shown = await textOf(page, '#result');
  expect(shown).toContain('the error of the gradient of layers.0.weight is');
  expect(shown).not.toContain('✓');
  await host.closePages();
});
