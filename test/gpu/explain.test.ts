import { afterAll, beforeAll, expect, it } from 'vitest';

import { Device } from '../../src/gpu/device.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';
import { describeExplaining } from '../support/explaining.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => {
  device.destroy();
});

describeExplaining('webgpu', (network, options) =>
  Trainer.create(network, { ...options, backend: 'webgpu', device }),
);

it('leaves no buffer on the device', () => {
  expect(device.liveBuffers).toBe(0);
});
