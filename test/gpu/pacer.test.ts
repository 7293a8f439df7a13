/** The pacer by itself, on a GPU made of timers: so and so many milliseconds a step, one submit after the other. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Pacer, type PacedDevice } from '../../src/gpu/pacer.ts';
import { DeviceLostError } from '../../src/errors.ts';
import { Watch } from '../../src/gpu/watch.ts';
import { rejectionOf } from '../support/failure.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** @param lookEveryMs how often finished work is looked for; 0: at once */
function fakeGpu({ msPerStep, lookEveryMs = 0 }: { msPerStep: number; lookEveryMs?: number }) {
  const gpu = {
    msPerStep,
    isVisible: false,
    idleMs: 0,
    busyUntil: 0,
    failure: undefined as Error | undefined,
    hangs: false,
  };
  const delays: number[] = [];
  const watch = new Watch(new Promise(() => undefined), 5000);
  const device: PacedDevice = {
    isVisible: () => gpu.isVisible,
    learnToWait: () => Promise.resolve(),
    finish: (what, promise, patienceMs) => watch.race(what, promise, patienceMs),
    gpu: {
      queue: {
        onSubmittedWorkDone: () =>
          new Promise((resolve, reject) => {
            if (gpu.hangs) return;
            const delay = delays.shift()!;
            setTimeout(() => (gpu.failure ? reject(gpu.failure) : resolve(undefined)), delay);
          }),
      },
    },
  };
  /** Submits as `submitSteps` does; milliseconds that the submit keeps the GPU busy. */
  const submit = async (pacer: Pacer, max = Infinity): Promise<number> => {
    await pacer.ready();
    const steps = Math.min(max, pacer.steps);
    const now = performance.now();
    if (gpu.busyUntil > 0) gpu.idleMs += Math.max(0, now - gpu.busyUntil);
    const busy = steps * gpu.msPerStep;
    gpu.busyUntil = Math.max(now, gpu.busyUntil) + busy;
    const seen =
      lookEveryMs === 0 ? gpu.busyUntil : Math.ceil(gpu.busyUntil / lookEveryMs) * lookEveryMs;
    delays.push(seen - now);
    pacer.submitted(steps);
    return busy;
  };
  /** The busy times of so many submits. */
  const submits = async (pacer: Pacer, count: number, max?: number): Promise<number[]> => {
    const made = (async () => {
      const times: number[] = [];
      for (let i = 0; i < count; i++) times.push(await submit(pacer, max));
      return times;
    })();
    made.catch(() => undefined);
    await vi.runAllTimersAsync();
    return await made;
  };
  return { gpu, device, submits };
}

describe('a submit', () => {
  it.each([0.02, 0.3, 2.5])(
    'takes 4–10 ms while a page is visible, at %s ms a step',
    async (msPerStep) => {
      const { gpu, device, submits } = fakeGpu({ msPerStep });
      gpu.isVisible = true;
      const times = (await submits(new Pacer(device, 1, 1e6), 60)).slice(30);
      expect(Math.min(...times)).toBeGreaterThanOrEqual(4);
      expect(Math.max(...times)).toBeLessThanOrEqual(10);
    },
  );

  it('takes about 40 ms where no page is visible', async () => {
    const { device, submits } = fakeGpu({ msPerStep: 0.3 });
    const times = (await submits(new Pacer(device, 1, 1e6), 60)).slice(30);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(30);
    expect(Math.max(...times)).toBeLessThanOrEqual(50);
  });

  it('is short as soon as the page becomes visible', async () => {
    const { gpu, device, submits } = fakeGpu({ msPerStep: 0.3 });
    const pacer = new Pacer(device, 1, 1e6);
    await submits(pacer, 20);
    gpu.isVisible = true;
    const times = await submits(pacer, 5);
    expect(Math.max(...times)).toBeLessThanOrEqual(10);
  });

  it('has one step where a step takes longer than a submit should', async () => {
    const { gpu, device, submits } = fakeGpu({ msPerStep: 70 });
    gpu.isVisible = true;
    const times = await submits(new Pacer(device, 1, 1e6), 6);
    expect(times).toEqual([70, 70, 70, 70, 70, 70]);
  });

  it('never has more than twice the steps of the ones before, nor more than at first', async () => {
    const { device, submits } = fakeGpu({ msPerStep: 0.01 });
    const steps = (await submits(new Pacer(device, 4, 1e6), 24)).map((ms) => Math.round(ms * 100));
    expect(steps[0]).toBe(4);
    for (const [i, count] of steps.entries()) {
      expect(count).toBeLessThanOrEqual(Math.max(4, 2 * Math.max(0, ...steps.slice(0, i))));
    }
  });

  it('becomes short when steps take longer, even if runs end before a submit is full', async () => {
    const { gpu, device, submits } = fakeGpu({ msPerStep: 0.1 });
    const pacer = new Pacer(device, 1, 1e6);
    await submits(pacer, 20);
    gpu.msPerStep = 1;
    const times = await submits(pacer, 12, 100);
    expect(times.at(-1)).toBeLessThanOrEqual(50);
  });
});

describe('a step that takes longer than the time limit of 5 s', () => {
  it('is waited for as long as 1 GFLOP/s takes, and once measured, for five times as long', async () => {
    const { gpu, device, submits } = fakeGpu({ msPerStep: 50_000 });
    const pacer = new Pacer(device, 1, 6e10);
    expect(await submits(pacer, 3)).toEqual([50_000, 50_000, 50_000]);
    gpu.msPerStep = 240_000;
    expect(await submits(pacer, 3)).toEqual([240_000, 240_000, 240_000]);
    // The submits that a pacer does not wait for are finished, too.
    await vi.runAllTimersAsync();
    gpu.hangs = true;
    const started = performance.now();
    const failed = rejectionOf(submits(pacer, 4));
    await vi.runAllTimersAsync();
    expect(await failed).toBeInstanceOf(DeviceLostError);
    expect(performance.now() - started).toBeLessThanOrEqual(5 * 240_000);
  });

  it('is no excuse for a short one', async () => {
    const { gpu, device, submits } = fakeGpu({ msPerStep: 10 });
    gpu.hangs = true;
    const failed = rejectionOf(submits(new Pacer(device, 1, 1e6), 4));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await failed).toBeInstanceOf(DeviceLostError);
  });

  it('is submitted in pieces, whose times add up', async () => {
    const { device, submits } = fakeGpu({ msPerStep: 1000 });
    const pacer = new Pacer(device, 1, 1e9);
    expect(pacer.isStepLong).toBe(true);
    await submits(pacer, 8, 1 / 4);
    expect(pacer.isStepLong).toBe(true);
    expect(pacer.steps).toBe(1);
    const quick = fakeGpu({ msPerStep: 100 });
    const other = new Pacer(quick.device, 1, 1e9);
    await quick.submits(other, 8, 1 / 4);
    expect(other.isStepLong).toBe(false);
  });
});

it('the GPU never waits for the host once submits have found their length', async () => {
  const { gpu, device, submits } = fakeGpu({ msPerStep: 0.3 });
  const pacer = new Pacer(device, 1, 1e6);
  await submits(pacer, 30);
  gpu.busyUntil = gpu.idleMs = 0;
  await submits(pacer, 30);
  expect(gpu.idleMs).toBe(0);
});

it('work that is looked for every 100 ms only, several submits at a time, counts for what it took', async () => {
  const { device, submits } = fakeGpu({ msPerStep: 0.3, lookEveryMs: 100 });
  const times = (await submits(new Pacer(device, 1, 1e6), 60)).slice(30);
  // No more can be known than that three submits took 100 ms.
  expect(Math.max(...times)).toBeLessThanOrEqual(60);
});

it('no more than three submits are on their way', async () => {
  const { device } = fakeGpu({ msPerStep: 1 });
  const waits: (() => void)[] = [];
  device.gpu.queue.onSubmittedWorkDone = () =>
    new Promise((resolve) => waits.push(() => resolve(undefined)));
  const pacer = new Pacer(device, 1, 1e6);
  for (let i = 0; i < 3; i++) {
    await pacer.ready();
    pacer.submitted(1);
  }
  let isReady = false;
  const ready = pacer.ready().then(() => (isReady = true));
  await vi.advanceTimersByTimeAsync(1000);
  expect(isReady).toBe(false);
  waits[0]!();
  await ready;
});

it('a failed submit rejects the wait for the next one', async () => {
  const { gpu, device, submits } = fakeGpu({ msPerStep: 1 });
  gpu.failure = new Error('lost');
  const failed = rejectionOf(submits(new Pacer(device, 1, 1e6), 5));
  await vi.runAllTimersAsync();
  expect(await failed).toBe(gpu.failure);
});
