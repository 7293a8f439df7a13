import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DeviceLostError, DisposedError } from '../../src/errors.ts';
import { Watch } from '../../src/gpu/watch.ts';
import { rejectionOf } from '../support/failure.ts';

/** A promise that is settled from outside, as a device's are. */
function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

const lostInfo = (reason: GPUDeviceLostReason, message: string) =>
  ({ reason, message }) as GPUDeviceLostInfo;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a guarded promise', () => {
  it('settles as the promise does, and leaves no timer behind', async () => {
    const watch = new Watch(deferred<GPUDeviceLostInfo>().promise, 5000);
    expect(await watch.race('work', Promise.resolve(42))).toBe(42);
    const failed = rejectionOf(watch.race('work', Promise.reject(new Error('refused'))));
    await vi.runAllTimersAsync();
    expect(await failed).toEqual(new Error('refused'));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects when the device is lost, however long the promise stays silent', async () => {
    const lost = deferred<GPUDeviceLostInfo>();
    const watch = new Watch(lost.promise, 5000);
    const waiting = rejectionOf(watch.race('work', deferred().promise));
    lost.resolve(lostInfo('unknown', 'the driver crashed'));
    const error = await waiting;
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as DeviceLostError).reason).toBe('unknown');
    expect((error as Error).message).toContain('the driver crashed');
    expect(await rejectionOf(watch.race('more', Promise.resolve(1)))).toBe(error);
    expect(() => watch.throwIfLost()).toThrow(error);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects with the loss if its own rejection comes a moment before', async () => {
    const lost = deferred<GPUDeviceLostInfo>();
    const work = deferred();
    const watch = new Watch(lost.promise, 5000);
    const waiting = rejectionOf(watch.race('work', work.promise));
    work.reject(new Error('AbortError: mapping was cancelled'));
    lost.resolve(lostInfo('destroyed', 'destroy() was called'));
    await vi.runAllTimersAsync();
    expect(await waiting).toBeInstanceOf(DeviceLostError);
  });
});

describe('the time limit', () => {
  it('ends a wait of 5 s without a sign of life, within those 5 s', async () => {
    const watch = new Watch(deferred<GPUDeviceLostInfo>().promise, 5000);
    const waiting = rejectionOf(watch.race('reading the metrics', deferred().promise));
    await vi.advanceTimersByTimeAsync(5000);
    const error = await waiting;
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as DeviceLostError).reason).toBe('timeout');
    expect((error as Error).message).toContain('5000 ms while reading the metrics');
  });

  it('starts anew whenever anything finishes: a long queue is no hang', async () => {
    const watch = new Watch(deferred<GPUDeviceLostInfo>().promise, 5000);
    const last = watch.race('the last', deferred().promise);
    const failed = rejectionOf(last);
    for (let i = 0; i < 10; i++) {
      const step = deferred();
      const waiting = watch.race('a step', step.promise);
      await vi.advanceTimersByTimeAsync(3000);
      step.resolve(undefined);
      await waiting;
    }
    expect(() => watch.throwIfLost()).not.toThrow();
    await vi.advanceTimersByTimeAsync(5000);
    expect(await failed).toBeInstanceOf(DeviceLostError);
  });

  it('is longer while work that takes longer is awaited', async () => {
    const watch = new Watch(deferred<GPUDeviceLostInfo>().promise, 5000);
    const slow = deferred();
    const waiting = watch.race('a long step', slow.promise, 20_000);
    await vi.advanceTimersByTimeAsync(19_000);
    slow.resolve('done');
    expect(await waiting).toBe('done');
    const hanging = rejectionOf(watch.race('a long step', deferred().promise, 20_000));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(((await hanging) as Error).message).toContain('20000 ms while a long step');
  });

  it('does not count time in which this thread was itself too busy to look', async () => {
    const watch = new Watch(deferred<GPUDeviceLostInfo>().promise, 5000);
    const work = deferred();
    const waiting = watch.race('work', work.promise);
    await vi.advanceTimersByTimeAsync(1000);
    // The thread is blocked for a minute: the clock moves on and no timer fires.
    vi.setSystemTime(Date.now() + 60_000);
    const now = performance.now.bind(performance);
    const jump = vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    await vi.advanceTimersByTimeAsync(600);
    expect(() => watch.throwIfLost()).not.toThrow();
    work.resolve('done');
    expect(await waiting).toBe('done');
    jump.mockRestore();
  });
});

it('a stop for another reason is told to everyone waiting, and the first reason stays', async () => {
  const watch = new Watch(deferred<GPUDeviceLostInfo>().promise, 5000);
  const waiting = rejectionOf(watch.race('work', deferred().promise));
  const reason = new DisposedError('gone');
  watch.stop(reason);
  watch.stop(new DisposedError('again'));
  expect(await waiting).toBe(reason);
  expect(() => watch.throwIfLost()).toThrow('gone');
});
