import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ConfigurationError, DeviceLostError, ShaderError } from '../../../src/errors.ts';
import { Device } from '../../../src/gpu/device.ts';
import { probeAdapter, type MeasuredLimits } from '../../../src/gpu/probes/probeAdapter.ts';
import { testGpu } from '../../setup/adapter.ts';
import { failureOf, rejectionOf } from '../../support/failure.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

/** Enough for one round of each figure. */
const budgetMs = 1;

function figures({ arithmetic, memory, latency }: MeasuredLimits) {
  const { dispatch, encode, submit, readback } = latency;
  const { read, copy, cached } = memory;
  return { arithmetic, read, copy, cached, dispatch, encode, submit, readback };
}

describe('probing an adapter', () => {
  it('gives positive, finite figures, says how it goes, and leaves no buffer', async () => {
    const progress: [string, number][] = [];
    const limits = await probeAdapter(device, {
      budgetMs,
      onProgress: (...event) => progress.push(event),
    });
    for (const [name, { value, spread, rounds }] of Object.entries(figures(limits))) {
      expect(value, name).toBeGreaterThan(0);
      expect(value, name).toBeLessThan(Infinity);
      expect(spread, name).toBeGreaterThanOrEqual(0);
      expect(rounds, name).toBeGreaterThanOrEqual(1);
    }
    expect(limits.arithmetic.shape).toMatch(/^\d+ × (f32|vec4f), workgroups of \d+$/);
    expect(limits.adapter).toEqual(device.adapter);
    expect(progress).toEqual([
      ['latency', 0],
      ['arithmetic', 0.25],
      ['memory', 0.65],
      ['done', 1],
    ]);
    expect(device.liveBuffers).toBe(0);
  });

  it('is over as soon as its signal aborts, in each probe, and leaves no buffer', async () => {
    for (const at of ['latency', 'arithmetic', 'memory']) {
      const abort = new AbortController();
      const reason = new Error(`stopped at ${at}`);
      const probing = probeAdapter(device, {
        budgetMs,
        signal: abort.signal,
        onProgress: (what) => {
          if (what === at) abort.abort(reason);
        },
      });
      expect(await rejectionOf(probing)).toBe(reason);
      expect(device.liveBuffers).toBe(0);
    }
    expect(await rejectionOf(probeAdapter(device, { signal: AbortSignal.abort('before') }))).toBe(
      'before',
    );
    expect(device.liveBuffers).toBe(0);
  });

  it.each([0, -1, Number.NaN])('refuses a budget of %s ms', async (given) => {
    const error = await failureOf(probeAdapter(device, { budgetMs: given }), ConfigurationError);
    expect(error.message).toContain(`got ${given}`);
  });
});

describe('a figure is given for what was computed only', () => {
  it('a kernel that leaves out work is refused', async () => {
    const broken = await Device.request({ gpu: await testGpu() });
    const create = broken.gpu.createShaderModule.bind(broken.gpu);
    Object.defineProperty(broken.gpu, 'createShaderModule', {
      value: ({ code, ...rest }: GPUShaderModuleDescriptor) =>
        create({ ...rest, code: code.replace('var i = 0u', 'var i = 1u') }),
    });
    const error = await failureOf(probeAdapter(broken, { budgetMs }), ShaderError);
    expect(error.message).toMatch(/^Probe 'multiply-add .*' gave \d+ instead of \d+/);
    expect(broken.liveBuffers).toBe(0);
    broken.destroy();
  });

  it('dispatches that are dropped are a lost device', async () => {
    const broken = await Device.request({ gpu: await testGpu() });
    const create = broken.gpu.createShaderModule.bind(broken.gpu);
    Object.defineProperty(broken.gpu, 'createShaderModule', {
      value: ({ code, ...rest }: GPUShaderModuleDescriptor) =>
        create({ ...rest, code: code.replace('counter[0] + 1u', 'min(counter[0] + 1u, 99u)') }),
    });
    const error = await failureOf(probeAdapter(broken, { budgetMs }), DeviceLostError);
    expect(error.message).toMatch(/^The GPU made 99 of \d+ dispatches,/);
    expect(broken.liveBuffers).toBe(0);
    broken.destroy();
  });
});
