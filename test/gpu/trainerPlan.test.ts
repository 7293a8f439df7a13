/** The plan as a caller of Trainer gives it. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { hashParameters } from '../../src/benchmark/trainJob.ts';
import { ConfigurationError, FormatError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { choosePlan } from '../../src/gpu/plan/choose.ts';
import type { Plan } from '../../src/gpu/plan/plan.ts';
import { parsePlan, serializePlan } from '../../src/gpu/plan/file.ts';
import { keepPlan } from '../../src/gpu/plan/cache.ts';
import { memoryPlanCache } from '../../src/gpu/plan/storageCache.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Trainer } from '../../src/training/trainer.ts';
import type { TrainerOptions } from '../../src/training/trainerOptions.ts';
import { testGpu } from '../setup/adapter.ts';
import { failureOf } from '../support/failure.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

let device: Device;
let own: Plan;
let other: Plan;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
  own = choosePlan(network, 32, device.adapter);
  const { fused, ...apart } = own;
  const together = { from: 1, loop: 'simple', rows4: 1, workgroupSize: 4 } as const;
  other = { ...apart, ...(fused ? {} : { fused: together }) };
});
afterAll(() => device.destroy());

const network = new Network({ layers: [30, 16, 10], seed: 1 });
const data = randomDataset(testRandom(3), 100, 30, 10);

async function train(options: Partial<TrainerOptions>) {
  const trainer = await Trainer.create(network, {
    ...{ backend: 'webgpu', device, batchSize: 32, optimizer: sgd({ learningRate: 1 }) },
    ...options,
  });
  try {
    for await (const { cost } of trainer.fit(data, { epochs: 2 })) expect(cost).toBeGreaterThan(0);
    const { parameters } = await trainer.network();
    const { exactPlan, planOrigin, plan } = trainer;
    return { exactPlan, planOrigin, plan, hash: await hashParameters(parameters), parameters };
  } finally {
    await trainer.dispose();
  }
}

it('tiles of other sizes give the same bits, because every sum is added up in one order', async () => {
  const apart = { ...own };
  Reflect.deleteProperty(apart, 'fused');
  const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 4 } as const;
  const small = own.layers.map(() => ({ forward: tile, hiddenDelta: tile, update: tile }));
  const usual = await train({ plan: apart });
  expect(usual.plan).not.toContain('4×4 by');
  expect(await train({ plan: { ...apart, layers: small } })).toMatchObject({ hash: usual.hash });
});

it('a plan from a file is the plan that is used, and gives the same bits each time', async () => {
  const plan = parsePlan(serializePlan(network, other), network);
  const first = await train({ plan });
  expect([first.exactPlan, first.planOrigin]).toEqual([other, 'given']);
  const { exactPlan, hash } = await train({ plan: first.exactPlan! });
  expect([exactPlan, hash]).toEqual([other, first.hash]);
  const usual = await train({});
  expect([usual.exactPlan, usual.planOrigin]).toEqual([own, 'default']);
  expect(usual.plan).not.toBe(first.plan);
  usual.parameters.forEach((value, i) => expect(first.parameters[i]).toBeCloseTo(value, 4));
});

it('the tuned plan is the one that the cache has, and without one the default', async () => {
  const planCache = memoryPlanCache('test');
  expect((await train({ plan: 'tuned', planCache })).planOrigin).toBe('default');
  expect((await train({ plan: 'tuned' })).exactPlan).toEqual(own);
  await keepPlan(device, network, other, planCache);
  const { exactPlan, planOrigin } = await train({ plan: 'tuned', planCache });
  expect([exactPlan, planOrigin]).toEqual([other, 'cache']);
  expect((await train({ plan: 'default', planCache })).exactPlan).toEqual(own);
});

it('a plan that does not fit is refused, and leaves no buffer', async () => {
  const mini = await failureOf(train({ plan: { ...own, batchSize: 16 } }), ConfigurationError);
  expect(mini.message).toContain('It is for mini-batches of 16 samples, but the batch size is 32.');
  const half = await failureOf(train({ plan: { ...own, stepsPerSubmit: 32.5 } }), FormatError);
  expect(half.message).toContain('plan.stepsPerSubmit is 32.5; expected an integer');
  const unknown = await failureOf(train({ plan: 'best' as 'tuned' }), ConfigurationError);
  expect(unknown.message).toBe("Unknown plan 'best'. Use one of: default, tuned.");
  expect(device.liveBuffers).toBe(0);
});

it('another backend has no plan, and refuses options that would mean nothing to it', async () => {
  const { exactPlan, planOrigin } = await train({ backend: 'cpu', plan: 'default' });
  expect([exactPlan, planOrigin]).toEqual([undefined, undefined]);
  for (const [options, name] of [
    [{ backend: 'cpu', plan: own }, 'plan'],
    [{ backend: 'reference', plan: 'tuned' }, 'plan'],
    [{ backend: 'webgpu', threads: 2 }, 'threads'],
    [{ backend: 'reference', threads: 0 }, 'threads'],
    [{ backend: 'reference', stream: false }, 'stream'],
  ] as const) {
    const { message } = await failureOf(train(options), ConfigurationError);
    expect(message).toContain(`Backend '${options.backend}' does not support option ${name};`);
  }
});
