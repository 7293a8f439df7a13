import { afterAll, beforeAll, expect, it } from 'vitest';

import {
  checkPlanCase,
  drawPlanCase,
  planCaseText,
} from '../../src/benchmark/verification/plans.ts';
import { Device } from '../../src/gpu/device.ts';
import { planTarget } from '../../src/gpu/plan/check.ts';
import { Network } from '../../src/network/network.ts';
import { testGpu } from '../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

/** `nudge check --plans 10000` draws more of them. */
const count = 100;

it('a workgroup smaller than the samples it takes through fused layers sees to all of them', async () => {
  // Such a plan trained without the deltas of most samples once, and nothing said so.
  const network = new Network({ layers: [12, 8, 6, 5], seed: 1 });
  const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 4 } as const;
  const plan = {
    batchSize: 40,
    layers: [0, 1, 2].map(() => ({ forward: tile, hiddenDelta: tile, update: tile })),
    fused: { from: 1, loop: 'splitK', rows4: 4, workgroupSize: 4 } as const,
    stepsPerSubmit: 1,
  };
  const drawn = { seed: 1, index: 1, network, plan, batchSize: 40, sampleCount: 70 };
  const outcome = await checkPlanCase(device, { ...drawn, clipNorm: undefined });
  expect(outcome.refusal).toBeUndefined();
  expect(outcome.worst).toBeLessThanOrEqual(1);
});

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
}, 240_000);
