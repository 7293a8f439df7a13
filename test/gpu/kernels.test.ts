import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buffer, kernel as makeKernel } from '../../shaders/kernel.ts';
import { runKernel } from '../../src/benchmark/verification/kernelRunner.ts';
import { kernelCases, kernelNames } from '../../src/benchmark/verification/kernels.ts';
import { Device } from '../../src/gpu/device.ts';
import { testGpu } from '../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

// The adapter of this run is asked here already, since what can be checked depends on it.
const subgroupSize = await (async () => {
  const asked = await Device.request({ gpu: await testGpu() });
  asked.destroy();
  return asked.adapter.subgroupSize;
})();
// Once; nudge check draws others, some of which test/page/check.test.ts runs in browsers.
const cases = kernelCases(1, subgroupSize, 1);

describe.each(kernelNames)('kernel %s, with its output poisoned', (kernel) => {
  it.each(cases.filter((one) => one.kernel === kernel).map(({ name, run }) => ({ name, run })))(
    'keeps its bound, integers exactly: $name',
    async ({ run }) => {
      expect(await run(device)).toBeLessThanOrEqual(1);
      expect(device.liveBuffers).toBe(0);
    },
  );
});

describe('a grid too long for one dimension', () => {
  it('reaches every invocation once', async () => {
    const workgroupSize = 16;
    const count = 65535 * workgroupSize + 5;
    const visit = makeKernel({
      label: 'visit',
      bindings: [buffer('visits', 'read_write', 'array<u32>')],
      ...{ invocations: count, workgroupSize },
      body: '  visits[invocation] = visits[invocation] + invocation + 1u;',
    });
    expect(visit.workgroups[1]).toBe(2);
    const visits = (await runKernel(device, visit, { visits: new Uint32Array(count) })).get(
      'visits',
    )!;
    expect(visits.findIndex((value, i) => value !== i + 1)).toBe(-1);
    expect(visits.length).toBe(count);
  });
});
