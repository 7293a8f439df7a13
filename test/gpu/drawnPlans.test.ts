import { afterAll, beforeAll, expect, it } from 'vitest';

import {
  checkPlanCase,
  drawPlanCase,
  planCaseText,
} from '../../src/benchmark/verification/plans.ts';
import { Device } from '../../src/gpu/device.ts';
import { planTarget } from '../../src/gpu/planCheck.ts';
import { testGpu } from '../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

/** `nudge check --plans 10000` draws more of them. */
const count = 200;

it('every plan that is accepted gives the gradients, parameters and metrics of the reference', async () => {
  const target = planTarget(device);
  let accepted = 0;
  for (let index = 0; index < count; index++) {
    const one = drawPlanCase(1, index, target);
    const { refusal, worst } = await checkPlanCase(device, one).catch((cause: unknown) => {
      throw new Error(planCaseText(one), { cause });
    });
    expect(worst, planCaseText(one)).toBeLessThanOrEqual(1);
    expect(device.liveBuffers, planCaseText(one)).toBe(0);
    if (refusal === undefined) accepted++;
  }
  // Most of what a file may say makes no sense, and a draw that is refused checks no kernel.
  expect(accepted).toBeGreaterThan(count / 2);
}, 120_000);
