/** The lesson's run on a GPU: the same numbers within float32, and no end when the GPU is lost. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { NoAdapterError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { firstScript } from '../../src/page/lesson/moment.ts';
import type { Frame } from '../../src/page/lesson/frame.ts';
import { Course } from '../../src/page/lesson/worker/course.ts';
import { testGpu } from '../setup/adapter.ts';

const devices: Device[] = [];
let course: Course;
let frames: Frame[];

beforeEach(async () => {
  const gpu = await testGpu();
  const request = Device.request.bind(Device);
  vi.spyOn(Device, 'request').mockImplementation(async (options) => {
    const device = await request({ ...options, gpu });
    devices.push(device);
    return device;
  });
  frames = [];
  course = await Course.open(
    { script: firstScript, step: 20 },
    (frame) => frames.push(frame),
    () => undefined,
  );
});
afterEach(async () => {
  await course.dispose();
  devices.length = 0;
  vi.restoreAllMocks();
});

it('goes on with the GPU from the same parameters, and its numbers match float64', async () => {
  const before = frames.at(-1)!;
  await course.command({ do: 'compute', on: 'webgpu' });
  const after = frames.at(-1)!;
  expect(after.backend).toBe('webgpu');
  expect(after.step).toBe(20);
  expect(Float32Array.from(after.nudges.usedParameters)).toEqual(
    Float32Array.from(before.nudges.usedParameters),
  );
  await course.command({ do: 'advance', steps: 5 });
  expect(frames.at(-1)!.step).toBe(25);
  expect(frames.at(-1)!.error).toBeLessThanOrEqual(1);
  // Without a GPU's rounding, the error would be that of the CPU engine.
  expect(frames.at(-1)!.error).toBeGreaterThan(0);
});

it('goes on with another device when the GPU is lost', async () => {
  await course.command({ do: 'compute', on: 'webgpu' });
  await course.command({ do: 'advance', steps: 5 });
  devices.at(-1)!.gpu.destroy();
  await course.command({ do: 'advance', steps: 5 });
  expect(frames.at(-1)).toMatchObject({ backend: 'webgpu', step: 30 });
  expect(frames.at(-1)!.notice).toBeUndefined();
  expect(frames.at(-1)!.error).toBeLessThanOrEqual(1);
});

it('goes on with the CPU engine when the GPU is lost and none comes back, and says so', async () => {
  await course.command({ do: 'compute', on: 'webgpu' });
  await course.command({ do: 'advance', steps: 5 });
  vi.spyOn(Device, 'request').mockRejectedValue(new NoAdapterError('There is none.'));
  devices.at(-1)!.gpu.destroy();
  await course.command({ do: 'advance', steps: 5 });
  const after = frames.at(-1)!;
  expect(after.backend).toBe('cpu');
  expect(after.step).toBe(25);
  expect(after.notice).toMatch(/went back to its last step .* goes on with the CPU engine/);
  await course.command({ do: 'advance', steps: 5 });
  expect(frames.at(-1)!.step).toBe(30);
  expect(frames.at(-1)!.notice).toBeUndefined();
});
