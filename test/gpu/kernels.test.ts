import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { kernelCases, kernelNames } from '../../src/benchmark/verification/kernels.ts';
import { Device } from '../../src/gpu/device.ts';
import { testGpu } from '../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

const cases = kernelCases(3);

describe.each(kernelNames)('kernel %s, with its output poisoned', (kernel) => {
  it.each(cases.filter((one) => one.kernel === kernel).map(({ name, run }) => ({ name, run })))(
    'keeps its bound, integers exactly: $name',
    async ({ run }) => {
      expect(await run(device)).toBeLessThanOrEqual(1);
      expect(device.liveBuffers).toBe(0);
    },
  );
});
