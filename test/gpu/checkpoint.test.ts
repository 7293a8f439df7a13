/** Checkpoints of trainers on a GPU. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ConfigurationError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { choosePlan } from '../../src/gpu/plan/choose.ts';
import type { Plan } from '../../src/gpu/plan/plan.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/training/checkpoint.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';
import { describeCheckpoints } from '../support/checkpoints.ts';
import { fit } from '../support/explaining.ts';
import { failureOf } from '../support/failure.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

describeCheckpoints(
  'webgpu',
  (network, options) => Trainer.create(network, { ...options, backend: 'webgpu', device }),
  () => ({ device }),
);

const network = new Network({ layers: [784, 16, 10] });

it('the plan comes from the file; one that the adapter cannot run gives way to the default', async () => {
  const own = choosePlan(network, 100, device.adapter);
  const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 8 } as const;
  const layers = own.layers.map(() => ({ forward: tile, hiddenDelta: tile, update: tile }));
  const plan: Plan = { batchSize: 100, layers, stepsPerSubmit: own.stepsPerSubmit };
  const options = { batchSize: 100, optimizer: sgd({ learningRate: 1 }), device };
  const trainer = await Trainer.create(network, { ...options, backend: 'webgpu', plan });
  await fit(trainer, { steps: 2 });
  const bytes = await trainer.checkpoint();
  await trainer.dispose();

  const same = await Trainer.resume(bytes, { device });
  expect([same.exactPlan, same.planOrigin]).toEqual([plan, 'checkpoint']);
  expect(same.resumedFrom).toMatchObject({ backend: 'webgpu', adapter: device.adapter });
  expect(same.resumedFrom).not.toHaveProperty('planProblem');
  await same.dispose();
  const given = await Trainer.resume(bytes, { device, plan: structuredClone(plan) });
  await given.dispose();
  const { message } = await failureOf(
    Trainer.resume(bytes, { device, plan: own }),
    ConfigurationError,
  );
  expect(message).toMatch(/^The checkpoint was made with plan \{.*, but the call asks for \{/);

  const file = await readCheckpoint(bytes);
  for (const [wrong, why] of [
    [
      {
        ...plan,
        layers: layers.map((one) => ({ ...one, forward: { ...tile, workgroupSize: 2 ** 20 } })),
      },
      /workgroup/,
    ],
    [{ of: 'another version' }, /not a plan/],
  ] as const) {
    const other = await Trainer.resume(await writeCheckpoint({ ...file, plan: wrong }), { device });
    expect([other.exactPlan, other.planOrigin]).toEqual([own, 'default']);
    expect(other.resumedFrom!.planProblem).toMatch(why);
    await fit(other, { steps: 1 });
    await other.dispose();
  }

  const onCpu = await Trainer.resume(bytes, { backend: 'cpu' });
  expect([onCpu.backend, onCpu.planOrigin]).toEqual(['cpu', undefined]);
  await onCpu.dispose();
});
