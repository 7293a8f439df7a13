import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Device } from '../../src/gpu/device.ts';
import { Prompter } from '../../src/gpu/prompter.ts';
import { testGpu } from '../setup/adapter.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * The queue of an idle GPU.
 * @param lookEveryMs how often finished work is looked for, beside at every submit where `isPrompt` is set
 */
function fakeQueue({ lookEveryMs, isPrompt }: { lookEveryMs: number; isPrompt: boolean }) {
  const queue = {
    submits: 0,
    /** Milliseconds for which the GPU still has work. */
    busyUntil: 0,
    /** Milliseconds that it takes to look after a submit: the answer comes from another process. */
    promptMs: 0.5,
    waiting: [] as (() => void)[],
    look: () => {
      if (performance.now() >= queue.busyUntil) for (const done of queue.waiting.splice(0)) done();
    },
    submit: (): undefined => {
      queue.submits++;
      if (isPrompt) setTimeout(queue.look, queue.promptMs);
    },
    onSubmittedWorkDone: () => {
      const done = new Promise<undefined>((resolve) =>
        queue.waiting.push(() => resolve(undefined)),
      );
      const now = performance.now();
      const next =
        lookEveryMs === 0 ? 0.1 : Math.ceil((now + 0.1) / lookEveryMs) * lookEveryMs - now;
      setTimeout(queue.look, next);
      return done;
    },
  };
  return queue;
}

async function measured(queue: ReturnType<typeof fakeQueue>): Promise<Prompter> {
  const prompter = new Prompter(queue);
  const measurement = prompter.measure();
  await vi.advanceTimersByTimeAsync(1000);
  await measurement;
  return prompter;
}

describe('empty submits', () => {
  it('are made while somebody waits where they make the browser look', async () => {
    const queue = fakeQueue({ lookEveryMs: 100, isPrompt: true });
    const prompter = await measured(queue);
    expect(prompter.isNeeded).toBe(true);
    queue.busyUntil = performance.now() + 20;
    const start = performance.now();
    let took = Infinity;
    void prompter
      .during(queue.onSubmittedWorkDone())
      .then(() => (took = performance.now() - start));
    await vi.advanceTimersByTimeAsync(1000);
    expect(took).toBeGreaterThanOrEqual(20);
    expect(took).toBeLessThanOrEqual(25);
  });

  it('begin with the wait, and do not go on with the slow timeouts of the one before', async () => {
    const queue = fakeQueue({ lookEveryMs: 100, isPrompt: true });
    const prompter = await measured(queue);
    for (let wait = 0; wait < 3; wait++) {
      const { submits } = queue;
      const over = prompter.during(queue.onSubmittedWorkDone());
      expect(queue.submits).toBe(submits + 1);
      await vi.advanceTimersByTimeAsync(0.6);
      await over;
    }
    // Of several waits, only the last has a chain of timeouts.
    queue.busyUntil = Infinity;
    const { submits } = queue;
    for (let wait = 0; wait < 5; wait++) void prompter.during(queue.onSubmittedWorkDone());
    await vi.advanceTimersByTimeAsync(10);
    expect(queue.submits - submits).toBe(15);
  });

  it('are made whenever in the period of the timer the browser is measured', async () => {
    for (let offset = 0; offset < 100; offset += 3) {
      await vi.advanceTimersByTimeAsync(offset);
      const queue = fakeQueue({ lookEveryMs: 100, isPrompt: true });
      expect((await measured(queue)).isNeeded, `${offset} ms`).toBe(true);
    }
  });

  it('are made though the machine was busy when one was tried', async () => {
    const queue = fakeQueue({ lookEveryMs: 100, isPrompt: true });
    queue.promptMs = 70;
    const prompter = new Prompter(queue);
    const measurement = prompter.measure();
    await vi.advanceTimersByTimeAsync(190);
    queue.promptMs = 0.5;
    await vi.advanceTimersByTimeAsync(1000);
    await measurement;
    expect(prompter.isNeeded).toBe(true);
  });

  it('end when the last wait ends', async () => {
    const queue = fakeQueue({ lookEveryMs: 100, isPrompt: true });
    const prompter = await measured(queue);
    const failed = prompter.during(Promise.reject(new Error('lost')));
    await expect(failed).rejects.toThrow('lost');
    const { submits } = queue;
    await vi.advanceTimersByTimeAsync(1000);
    expect(queue.submits - submits).toBeLessThanOrEqual(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are made from then on for who began to wait before their use was known', async () => {
    const queue = fakeQueue({ lookEveryMs: 100, isPrompt: true });
    const prompter = new Prompter(queue);
    const measurement = prompter.measure();
    const waiting = prompter.during(new Promise((resolve) => setTimeout(resolve, 500)));
    await vi.advanceTimersByTimeAsync(200);
    await measurement;
    const { submits } = queue;
    await vi.advanceTimersByTimeAsync(200);
    expect(queue.submits - submits).toBeGreaterThan(10);
    await vi.advanceTimersByTimeAsync(500);
    await waiting;
  });

  it('are none where finished work is reported at once', async () => {
    const queue = fakeQueue({ lookEveryMs: 0, isPrompt: false });
    const prompter = await measured(queue);
    const waiting = prompter.during(new Promise((resolve) => setTimeout(resolve, 500)));
    await vi.advanceTimersByTimeAsync(1000);
    await waiting;
    expect(prompter.isNeeded).toBe(false);
    expect(queue.submits).toBe(0);
  });

  it('are none where they do not help', async () => {
    const queue = fakeQueue({ lookEveryMs: 100, isPrompt: false });
    const prompter = await measured(queue);
    expect(prompter.isNeeded).toBe(false);
    const { submits } = queue;
    const waiting = prompter.during(queue.onSubmittedWorkDone());
    await vi.advanceTimersByTimeAsync(1000);
    await waiting;
    expect(queue.submits).toBe(submits);
  });
});

it('is measured once for all callers', async () => {
  const queue = fakeQueue({ lookEveryMs: 100, isPrompt: true });
  const prompter = new Prompter(queue);
  expect(prompter.isMeasured).toBe(false);
  const first = prompter.measure();
  expect(prompter.measure()).toBe(first);
  await vi.advanceTimersByTimeAsync(1000);
  await first;
  expect(prompter.isMeasured).toBe(true);
  expect(prompter.measure()).toBe(first);
});

it('a thread that was busy does not take its own time for the GPU’s', async () => {
  const queue = fakeQueue({ lookEveryMs: 0, isPrompt: false });
  const prompter = new Prompter(queue);
  const measurement = prompter.measure();
  // Blocked for a minute: the clock moves on and no timer fires.
  const now = performance.now.bind(performance);
  const jump = vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
  await vi.advanceTimersByTimeAsync(100);
  await measurement;
  jump.mockRestore();
  expect(prompter.isNeeded).toBe(false);
  expect(queue.submits).toBe(0);
});

it('a device is measured before anything else is asked of it, behind which any browser seems slow', async () => {
  vi.useRealTimers();
  const gpu = await testGpu();
  const waits = vi.spyOn(GPUQueue.prototype, 'onSubmittedWorkDone');
  try {
    const device = await Device.request({ gpu });
    expect(waits).toHaveBeenCalledTimes(1);
    await device.learnToWait();
    device.destroy();
  } finally {
    waits.mockRestore();
  }
});
