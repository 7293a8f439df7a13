/** Compilation on a device made of promises, for what real ones do too rarely or too slowly. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Kernel } from '../../shaders/kernel.ts';
import { DeviceLostError, ShaderError } from '../../src/errors.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compileKernels } from '../../src/gpu/pipelines.ts';
import { Watch } from '../../src/gpu/watch.ts';
import { rejectionOf } from '../support/failure.ts';

const kernel: Kernel = {
  label: 'test',
  code: 'line 1\nline 2\nline 3',
  bindings: [],
  workgroups: [1, 1, 1],
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('GPUShaderStage', { COMPUTE: 4 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A device that answers at once, apart from what is given. */
function fakeDevice(gpu: {
  createComputePipelineAsync: () => Promise<unknown>;
  popErrorScope?: () => Promise<unknown>;
  onSubmittedWorkDone?: () => Promise<unknown>;
}): Device {
  const watch = new Watch(new Promise(() => undefined), 5000);
  const messages = [{ type: 'error', message: 'no such thing', lineNum: 2, linePos: 1 }];
  const device = {
    throwIfUnusable: () => watch.throwIfLost(),
    guard: (what: string, promise: Promise<unknown>) => watch.race(what, promise),
    gpu: {
      createBindGroupLayout: () => ({}),
      createPipelineLayout: () => ({}),
      pushErrorScope: () => undefined,
      popErrorScope: () => Promise.resolve(null),
      createShaderModule: () => ({ getCompilationInfo: () => Promise.resolve({ messages }) }),
      queue: { onSubmittedWorkDone: gpu.onSubmittedWorkDone ?? (() => Promise.resolve()) },
      ...gpu,
    },
  };
  return device as unknown as Device;
}

const after = (ms: number) => new Promise((resolve) => setTimeout(() => resolve('pipeline'), ms));
const never = () => new Promise<never>(() => undefined);

describe('a compilation that takes longer than a device may be silent', () => {
  it('is waited for while the device answers otherwise', async () => {
    const device = fakeDevice({ createComputePipelineAsync: () => after(12_000) });
    const compiled = compileKernels(device, [kernel, kernel]);
    await vi.advanceTimersByTimeAsync(12_000);
    expect((await compiled).map(({ pipeline }) => pipeline)).toEqual(['pipeline', 'pipeline']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends within 5 s where the device answers nothing', async () => {
    const device = fakeDevice({
      createComputePipelineAsync: never,
      onSubmittedWorkDone: never,
    });
    const failed = rejectionOf(compileKernels(device, [kernel]));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await failed).toBeInstanceOf(DeviceLostError);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends after half a minute even so', async () => {
    const device = fakeDevice({ createComputePipelineAsync: never });
    const failed = rejectionOf(compileKernels(device, [kernel]));
    await vi.advanceTimersByTimeAsync(36_000);
    expect(await failed).toBeInstanceOf(DeviceLostError);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a shader that does not compile is shown, though its pipeline is refused first', async () => {
  const device = fakeDevice({
    createComputePipelineAsync: () => Promise.reject(new Error('invalid module')),
    popErrorScope: () => after(100).then(() => ({ message: 'parsing failed' })),
  });
  const failed = rejectionOf(compileKernels(device, [kernel]));
  await vi.advanceTimersByTimeAsync(200);
  const error = await failed;
  expect(error).toBeInstanceOf(ShaderError);
  expect((error as Error).message).toContain('parsing failed');
  expect((error as Error).message).toMatch(/line 2\n +\^ error: no such thing/);
});
