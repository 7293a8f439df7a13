import { describe, expect, it, vi } from 'vitest';

import { findWebGpu } from '../../src/page/webgpu.ts';
import { webGpuAdvice } from '../../src/page/webGpuAdvice.ts';

const gpuWith = (requestAdapter: () => Promise<GPUAdapter | null>) =>
  ({ requestAdapter }) as unknown as GPU;

/** What the page says where it finds no GPU. */
async function explanationOf(gpu: GPU | undefined, insecureOrigin?: string): Promise<string> {
  const found = await findWebGpu(gpu, insecureOrigin);
  if (found.adapter) throw new Error('There is an adapter.');
  return await found.explain('');
}

describe('the WebGPU of a browser', () => {
  it('is its adapter', async () => {
    const info = { vendor: 'intel', architecture: 'gen-12lp', device: '', description: '' };
    const gpu = gpuWith(() => Promise.resolve({ info } as unknown as GPUAdapter));
    expect((await findWebGpu(gpu, undefined)).adapter?.vendor).toBe('intel');
  });

  it('is nothing usable when it gives no adapter', async () => {
    const none = gpuWith(() => Promise.resolve(null));
    expect(await explanationOf(none)).toMatch(/has WebGPU but found no GPU that it can use\. /);
  });

  it('is nothing usable where the browser refuses, and its own words are passed on', async () => {
    const words = 'WebGPU is blocked here.';
    const gpu = gpuWith(() => Promise.reject(new DOMException(words, 'NotSupportedError')));
    expect(await explanationOf(gpu)).toContain('(“WebGPU is blocked here”)');
  });

  it('is nothing usable when it does not answer', async () => {
    vi.useFakeTimers();
    try {
      const found = explanationOf(gpuWith(() => new Promise(() => undefined)));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await found).toContain('no answer within 10 s');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is none on an insecure page, and where to open it is said', async () => {
    expect(await explanationOf(undefined, 'http://192.168.0.7:5173')).toMatch(
      /only on https:\/\/ addresses and on localhost.*http:\/\/192\.168\.0\.7:5173/,
    );
  });
});

const chrome = (system: string, version: number) =>
  `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`;
const windows = 'Windows NT 10.0; Win64; x64';
const linux = 'X11; Linux x86_64';
const mac = 'Macintosh; Intel Mac OS X 10_15_7';
const firefox = (system: string, version: number) =>
  `Mozilla/5.0 (${system}; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`;
const safari = (version: string, system = mac) =>
  `Mozilla/5.0 (${system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Safari/605.1.15`;

describe('the advice', () => {
  it.each([
    ['an old Chrome', chrome(windows, 110), false, /from version 113 on this system.*version 110/],
    ['Chrome', chrome(windows, 156), true, /graphics driver.*chrome:\/\/settings\/system/],
    ['Edge', `${chrome(windows, 156)} Edg/156.0.0.0`, true, /edge:\/\/settings.*edge:\/\/gpu/],
    ['an old Chrome on Linux', chrome(linux, 140), false, /from version 144 on this system/],
    ['Chrome on Linux', chrome(linux, 156), true, /chrome:\/\/flags\/#enable-unsafe-webgpu/],
    ['Chrome on Android', chrome('Linux; Android 10; K', 115), false, /version 121/],
    ['Firefox on Windows', firefox(windows, 128), false, /Firefox 141 or newer/],
    ['Firefox on a Mac', firefox(mac, 140), false, /from version 147.*dom\.webgpu\.enabled/],
    ['Firefox on Linux', firefox(linux, 153), false, /about:config.*dom\.webgpu\.enabled to true/],
    ['Firefox without a driver', firefox(linux, 153), true, /Vulkan driver.*ignore-blocklist/],
    ['Safari', safari('18.5'), false, /Safari 26/],
    ['Safari, switched off', safari('26.0'), true, /Feature Flags/],
    ['an iPhone', safari('18.5', 'iPhone; CPU iPhone OS 18_5 like Mac OS X'), false, /iOS.* 26/],
    ['another browser', 'Lynx/2.9', false, /Chrome.*Safari.*Firefox/],
  ])('for %s is for a page, and says what to do there', (_, userAgent, hasWebGpu, expected) => {
    const missing = { userAgent, hasWebGpu, refusal: undefined, insecureOrigin: undefined };
    const advice = webGpuAdvice(missing);
    expect(advice).toMatch(expected);
    expect(advice).toMatch(/The CPU can be measured without a GPU\.$/);
    expect(advice).not.toMatch(/nudge doctor|createGpu|backend|undefined|NaN/);
  });

  // A browser whose GPU process crashed several times gives no adapter, like one without a driver.
  it.each([
    ['is the first step', true, /can use\. If it worked before, restart the browser\. Update the/],
    ['is none where there is no WebGPU', false, /^(?!.*restart)/],
  ])('to restart the browser %s', (_, hasWebGpu, expected) => {
    const userAgent = chrome(windows, 156);
    const missing = { userAgent, hasWebGpu, refusal: undefined, insecureOrigin: undefined };
    expect(webGpuAdvice(missing)).toMatch(expected);
  });

  it('for a Firefox that has it in Nightly alone is Nightly', () => {
    const refusal = 'WebGPU is not yet available in Release or late Beta builds';
    const userAgent = firefox(linux, 140);
    const missing = { userAgent, hasWebGpu: true, refusal, insecureOrigin: undefined };
    expect(webGpuAdvice(missing)).toContain('Firefox Nightly');
  });
});
