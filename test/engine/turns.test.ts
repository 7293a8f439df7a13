import { describe, expect, it } from 'vitest';

import { Turns } from '../../src/engine/turns.ts';
import { DisposedError } from '../../src/errors.ts';
import { rejectionOf } from '../support/failure.ts';

const over = 'It is over.';

describe('turns', () => {
  it('are taken in the order of the calls, each after the end of the one before', async () => {
    const turns = new Turns(over);
    const log: string[] = [];
    const job = (name: string, ticks: number) => async () => {
      log.push(`${name} begins`);
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      log.push(`${name} ends`);
      return name;
    };
    const all = [job('long', 20), job('short', 1)].map((one) => turns.take(one));
    expect(log).toEqual([]);
    expect(await Promise.all(all)).toEqual(['long', 'short']);
    expect(log).toEqual(['long begins', 'long ends', 'short begins', 'short ends']);
  });

  it('go on after one that failed, which its caller alone hears of', async () => {
    const turns = new Turns(over);
    const failure = new Error('no');
    const failed = turns.take(() => Promise.reject(failure));
    const next = turns.take(() => 'next');
    expect(await rejectionOf(failed)).toBe(failure);
    expect(await next).toBe('next');
  });

  it('end: the one under way is waited for, and those that wait are refused', async () => {
    const turns = new Turns(over);
    let finish!: () => void;
    let isFinished = false;
    const running = turns.take(async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      isFinished = true;
    });
    const waiting = rejectionOf(turns.take(() => 'never'));
    await Promise.resolve();
    const ended = turns.end();
    expect(turns.isOver).toBe(true);
    expect(() => turns.requireLive()).toThrow(new DisposedError(over));
    finish();
    expect(await ended).toBe(true);
    expect(isFinished).toBe(true);
    await running;
    expect(await waiting).toEqual(new DisposedError(over));
    expect(await turns.end()).toBe(false);
  });

  it('are refused while what takes them is of no use', async () => {
    const failure = new Error('lost');
    let isLost = false;
    const turns = new Turns(over, () => {
      if (isLost) throw failure;
    });
    expect(await turns.take(() => 1)).toBe(1);
    isLost = true;
    expect(await rejectionOf(turns.take(() => 2))).toBe(failure);
    await turns.end();
    // That it was disposed of comes first.
    expect(await rejectionOf(turns.take(() => 3))).toEqual(new DisposedError(over));
  });
});
