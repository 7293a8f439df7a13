/** The persistent kernel against the reference engine, in one dispatch of several steps. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { outputsAndCosts } from '../../src/benchmark/verification/kernels.ts';
import {
  checkPersistent,
  runPersistent,
  type PersistentCase,
} from '../../src/benchmark/verification/persistent.ts';
import { sameBits } from '../../src/benchmark/verification/trajectories.ts';
import { Device } from '../../src/gpu/device.ts';
import { choosePersistentPlan, stepsPerDispatch } from '../../src/gpu/plan/persistent.ts';
import type { PlanAdapter } from '../../src/gpu/plan/plan.ts';
import { activations } from '../../src/network/functions.ts';
import { Network } from '../../src/network/network.ts';
import { testGpu } from '../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  // A whole step in one shader takes a software adapter on a busy machine seconds to compile.
  device = await Device.request({ gpu: await testGpu(), timeoutMs: 30_000 });
});
afterAll(() => device.destroy());

const llvmpipe: PlanAdapter = { isSoftware: true, subgroupSize: 8 };
const hardware: PlanAdapter = { isSoftware: false, subgroupSize: 32 };

async function expectLikeReference(
  network: PersistentCase['network'],
  adapter: PlanAdapter,
): Promise<void> {
  expect(await checkPersistent(device, { network, adapter })).toBeLessThanOrEqual(1);
}

describe('three steps of two networks in one dispatch agree with float64, the last batch short', () => {
  it.each(activations)('with %s hidden layers', async (activation) => {
    const functions = { activation, output: 'softmax', cost: 'cross-entropy' } as const;
    await expectLikeReference({ layers: [17, 9, 7, 6], ...functions }, llvmpipe);
  });

  it.each(outputsAndCosts)('with %s outputs and %s', async (output, cost) => {
    await expectLikeReference({ layers: [17, 8, 6], output, cost }, llvmpipe);
  });

  it.each([[[17, 6]], [[17, 64, 6]], [[17, 5, 9, 5, 6]]])(
    'with layers %j, cut up as for a GPU',
    async (layers) => {
      await expectLikeReference({ layers }, hardware);
    },
  );
});

it('tells which network diverged', async () => {
  const network = { layers: [17, 8, 6] };
  const options = { network, adapter: llvmpipe, isInfinite: true };
  expect(await checkPersistent(device, options)).toBe(0);
});

it('a dispatch makes no more steps than it was compiled for, and says how many', async () => {
  const network = { layers: [17, 8, 6] };
  const found = await runPersistent(device, { network, adapter: llvmpipe, maxSteps: 2 });
  expect(found.map(({ steps }) => steps)).toEqual([2, 2]);
});

it('the larger tiles of many networks give the same bits', async () => {
  const network = { layers: [17, 16, 6], activation: 'tanh' } as const;
  const tiles = (count: number) =>
    choosePersistentPlan(new Network(network), 9, llvmpipe, count).tiles;
  expect(tiles(64)).not.toEqual(tiles(1));
  const few = await runPersistent(device, { network, adapter: llvmpipe });
  const many = await runPersistent(device, { network, adapter: llvmpipe, planned: 64 });
  few.forEach(({ parameters }, n) => {
    expect(sameBits(parameters, many[n]!.parameters)).toBe(0);
  });
  expect(sameBits(few[0]!.parameters, few[1]!.parameters)).toBe(Infinity);
});

it('a dispatch stays below the 65,535 iterations at which llvmpipe ends every loop', () => {
  for (const layers of [
    [784, 16, 16, 10],
    [784, 64, 64, 10],
    [784, 30, 10],
  ]) {
    const network = new Network({ layers });
    for (const [adapter, count] of [
      [llvmpipe, 1],
      [llvmpipe, 64],
      [hardware, 64],
    ] as const) {
      const plan = choosePersistentPlan(network, 100, adapter, count);
      expect(plan.maxSteps).toBe(stepsPerDispatch(plan));
      expect(plan.maxSteps).toBeGreaterThanOrEqual(1);
      expect(iterationsOf(layers, plan.tiles, plan.workgroupSize) * plan.maxSteps).toBeLessThan(
        65_535,
      );
    }
  }
});

/** The two loops that matter, counted by hand: the first layer's forward pass and its update. */
function iterationsOf(
  layers: readonly number[],
  tiles: ReturnType<typeof choosePersistentPlan>['tiles'],
  workgroupSize: number,
): number {
  const [inputs4, outputs4] = [Math.ceil(layers[0]! / 4), Math.ceil(layers[1]! / 4)];
  const [forward, update] = [tiles.forward[0]!, tiles.update[0]!];
  const forwardJobs = Math.ceil(25 / forward.rows4) * Math.ceil(outputs4 / forward.columns4);
  const updateJobs =
    Math.ceil((inputs4 + 1) / update.rows4) * Math.ceil(outputs4 / update.columns4);
  return (
    Math.ceil(forwardJobs / workgroupSize) * inputs4 + Math.ceil(updateJobs / workgroupSize) * 25
  );
}
