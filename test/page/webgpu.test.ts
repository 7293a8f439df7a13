import { describe, expect, it, vi } from 'vitest';

import { findWebGpu } from '../../src/page/webgpu.ts';

const gpuWith = (requestAdapter: () => Promise<GPUAdapter | null>) =>
  ({ requestAdapter }) as unknown as GPU;

describe('what WebGPU a browser has', () => {
  it('is its adapter', async () => {
    const info = { vendor: 'intel', architecture: 'gen-12lp', device: '', description: '' };
    const gpu = gpuWith(() => Promise.resolve({ info } as unknown as GPUAdapter));
    expect((await findWebGpu(gpu, undefined)).adapter?.vendor).toBe('intel');
  });

  it.each([
    ['no adapter', () => Promise.resolve(null)],
    ['an error', () => Promise.reject(new Error('blocked'))],
  ])(
    'is nothing usable when it gives %s, and the driver is what to look at',
    async (_, request) => {
      const found = await findWebGpu(gpuWith(request), undefined);
      expect(found).toHaveProperty(
        'missing',
        expect.stringMatching(/found no GPU.*graphics driver/),
      );
    },
  );

  it('is nothing usable where the browser refuses, and its own words are passed on', async () => {
    const words = 'WebGPU is not yet available in Release or late Beta builds.';
    const gpu = gpuWith(() => Promise.reject(new DOMException(words, 'NotSupportedError')));
    expect(await findWebGpu(gpu, undefined)).toHaveProperty(
      'missing',
      expect.stringContaining(words.slice(0, -1)),
    );
  });

  it('is nothing usable when it does not answer', async () => {
    vi.useFakeTimers();
    try {
      const found = findWebGpu(
        gpuWith(() => new Promise(() => undefined)),
        undefined,
      );
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await found).toHaveProperty('missing');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is none in an old browser, and which have it is said', async () => {
    expect(await findWebGpu(undefined, undefined)).toHaveProperty(
      'missing',
      expect.stringMatching(/has no WebGPU.*Chrome.*Safari.*Firefox/),
    );
  });

  it('is none on an insecure page, and where to open it is said', async () => {
    expect(await findWebGpu(undefined, 'http://192.168.0.7:5173')).toHaveProperty(
      'missing',
      expect.stringMatching(/https:\/\/ or on localhost.*http:\/\/192\.168\.0\.7:5173/),
    );
  });
});
