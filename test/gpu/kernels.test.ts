import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { forward } from '../../shaders/forward.ts';
import { buffer, kernel as makeKernel } from '../../shaders/kernel.ts';
import { outputDelta } from '../../shaders/outputDelta.ts';
import { floats, runKernel } from '../../src/benchmark/verification/kernelRunner.ts';
import {
  kernelCases,
  kernelNames,
  outputsAndCosts,
} from '../../src/benchmark/verification/kernels.ts';
import { Device } from '../../src/gpu/device.ts';
import { activations } from '../../src/network/functions.ts';
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

describe('a NaN', () => {
  it.each(activations)('comes through %s', async (activation) => {
    const layer = {
      inputs: 4,
      outputs: 4,
      activation,
      inputAt: 0,
      outputAt: 4,
      preactivationAt: 8,
      parametersAt: 0,
    };
    const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 16 } as const;
    const result = await runKernel(device, forward({ layer, batchSize: 1, tile }), {
      parameters: new Float32Array(20).fill(1, 0, 16),
      activations: Float32Array.of(1, Number.NaN, 1, 1, ...new Float32Array(44)),
    });
    const found = floats(result.get('activations')!).subarray(16, 20);
    expect([...found]).toEqual(new Array(4).fill(Number.NaN));
  });

  it.each(outputsAndCosts)('in an output shows in the cost: %s, %s', async (output, cost) => {
    for (const wrong of [0, 2, 5]) {
      const z = new Float32Array(32);
      z.set([1, 2, 3, 4, 5, 6]);
      z[wrong] = Number.NaN;
      const layer = { outputs: 6, outputAt: 0, deltaAt: 0 };
      const kernel = outputDelta({ layer, output, cost, batchSize: 1, workgroupSize: 16 });
      const result = await runKernel(device, kernel, {
        activations: z,
        labels: Uint32Array.of(1),
        order: Uint32Array.of(0),
        deltas: new Float32Array(32),
        metrics: new Float32Array(8),
        counter: Uint32Array.of(0, 1),
        settings: Uint32Array.of(1, 0, 0, 0),
      });
      expect(floats(result.get('metrics')!)[0]).toBeNaN();
    }
  });
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
