import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import packageJson from '../../../package.json' with { type: 'json' };
import { Device } from '../../../src/gpu/device.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import { planTarget, requirePlan } from '../../../src/gpu/plan/check.ts';
import { serializePlan } from '../../../src/gpu/plan/file.ts';
import { engineVersion, findPlan, keepPlan, planKey } from '../../../src/gpu/plan/cache.ts';
import { findShipped, shippedPlans } from '../../../src/gpu/plan/shipped.ts';
import {
  browserName,
  memoryPlanCache,
  storagePlanCache,
} from '../../../src/gpu/plan/storageCache.ts';
import { Network } from '../../../src/network/network.ts';
import { testGpu } from '../../setup/adapter.ts';

const network = new Network({ layers: [6, 5, 4] });
let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

describe('the key of a plan', () => {
  it('names engine, adapter, limits, runtime and shape', () => {
    const { vendor, architecture } = device.adapter;
    const key = planKey(device, network, 32, 'Chrome 147');
    const parts = key.split(' | ');
    expect(parts).toEqual([
      `nudge ${packageJson.version}`,
      expect.stringContaining(`${vendor}/${architecture}/`),
      expect.stringMatching(/^limits [\da-f]{8}$/),
      'Chrome 147',
      '6-5-4 by 32',
    ]);
    expect(engineVersion).toBe(packageJson.version);
  });

  it('differs where anything does that a plan depends on', () => {
    const other = new Network({ layers: [6, 5, 3] });
    const limits = { ...pick(device.gpu.limits), maxBufferSize: 1 };
    const { features } = device.gpu;
    const smaller = { adapter: device.adapter, gpu: { features, limits } };
    const renamed = { adapter: { ...device.adapter, description: 'x' }, gpu: device.gpu };
    const keys = [
      planKey(device, network, 32, 'Chrome 147'),
      planKey(device, network, 33, 'Chrome 147'),
      planKey(device, other, 32, 'Chrome 147'),
      planKey(device, network, 32, 'Chrome 148'),
      planKey(renamed, network, 32, 'Chrome 147'),
      planKey(smaller as unknown as Device, network, 32, 'Chrome 147'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

function pick(limits: GPUSupportedLimits): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const name in limits) read[name] = limits[name as keyof GPUSupportedLimits];
  return read;
}

describe('a plan that was kept', () => {
  const cache = memoryPlanCache('here');

  it('is found again for the same network, mini-batch and runtime only', async () => {
    const plan = { ...choosePlan(network, 32, device.adapter), stepsPerSubmit: 7 };
    await keepPlan(device, network, plan, cache);
    expect(await findPlan(device, network, 32, cache)).toEqual({ plan, from: 'cache' });
    expect(await findPlan(device, network, 31, cache)).toBeUndefined();
    const there = memoryPlanCache('there', cache.entries);
    expect(await findPlan(device, network, 32, there)).toBeUndefined();
    expect(await findPlan(device, network, 32, undefined)).toBeUndefined();
  });

  it.each(['', 'no plan', '{"format":"nudge plan"}'])('is passed over as %j', async (text) => {
    const key = planKey(device, network, 32, 'here');
    expect(
      await findPlan(device, network, 32, memoryPlanCache('here', [[key, text]])),
    ).toBeUndefined();
  });

  it('is passed over where it cannot be used', async () => {
    const plan = { ...choosePlan(network, 32, device.adapter), batchSize: 31 };
    const key = planKey(device, network, 32, 'here');
    const wrong = memoryPlanCache('here', [[key, serializePlan(network, plan)]]);
    expect(await findPlan(device, network, 32, wrong)).toBeUndefined();
  });
});

describe('the plans that nudge brings along', () => {
  const { adapter } = {
    adapter: {
      vendor: 'acme',
      architecture: 'one',
      description: '',
      isSoftware: true,
      subgroupSize: 4,
    },
  };
  const plan = choosePlan(network, 32, adapter);
  const entry = { vendor: 'acme', architecture: 'one', subgroupSize: 4, layers: [6, 5, 4], plan };

  it('are found by adapter, network and mini-batch', () => {
    expect(findShipped(adapter, network, 32, [entry])).toBe(plan);
    expect(findShipped({ ...adapter, architecture: 'two' }, network, 32, [entry])).toBeUndefined();
    expect(findShipped({ ...adapter, subgroupSize: 0 }, network, 32, [entry])).toBeUndefined();
    expect(findShipped(adapter, network, 33, [entry])).toBeUndefined();
    expect(findShipped(adapter, { layers: [6, 5, 3] }, 32, [entry])).toBeUndefined();
  });

  it('are for the network and adapter that they stand with', () => {
    for (const { layers, plan: shipped, subgroupSize } of shippedPlans) {
      const target = { ...planTarget(device), subgroupSize };
      expect(requirePlan(shipped, { layers }, shipped.batchSize, target)).toBe(shipped);
    }
  });
});

it('a browser’s storage keeps plans under a prefix, and its errors are rejections', async () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (value === 'large') throw new Error('full');
      stored.set(key, value);
    },
  };
  const cache = storagePlanCache(storage, 'Mozilla/5.0 Chrome/147.0.0.0 Safari/537.36');
  expect(cache.runtime).toBe('Chrome 147');
  expect(await cache.get('a')).toBeUndefined();
  await cache.set('a', 'plan');
  expect(await cache.get('a')).toBe('plan');
  expect([...stored.keys()]).toEqual(['nudge plan: a']);
  await expect(cache.set('b', 'large')).rejects.toThrow('full');
});

it.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/147.0.1.2 Safari/537.36',
    'Chrome 147',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'Edg 140',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'Firefox 153'],
  [
    'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Safari 26',
  ],
  ['Deno/2.5.1', 'Deno/2.5.1'],
])('%s is %s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});
