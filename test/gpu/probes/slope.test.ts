/** Against batches whose times are made up. */
import { describe, expect, it } from 'vitest';

import { Passes } from '../../../src/gpu/program.ts';
import { measureSlope, median, spreadOf } from '../../../src/gpu/probes/slope.ts';

const emptySeconds = 1e-3;
const minSeconds = 5e-3;

/** A timer of repetitions that take `each` seconds, and what `disturb` adds to the batch of that number. */
function fakeTimer(each: number, disturb: (batch: number) => number = () => 0) {
  const batches: number[] = [];
  let repeats = 0;
  return {
    batches,
    record: (_: Passes, times: number) => (repeats = times),
    timer: {
      emptySeconds,
      minSeconds,
      run: (record: (passes: Passes) => void) => {
        record(new Passes({} as GPUCommandEncoder, 'batch'));
        batches.push(repeats);
        return Promise.resolve(emptySeconds + repeats * each + disturb(batches.length - 1));
      },
    },
  };
}

const never = Infinity;

describe('the slope', () => {
  it.each([1e-6, 37e-6, 2e-3, 0.4])('of repetitions of %d s each is that', async (each) => {
    const { timer, record, batches } = fakeTimer(each);
    const measured = await measureSlope(timer, record, { rounds: 3, deadline: never });
    expect(measured.value / each).toBeCloseTo(1, 9);
    expect(measured.spread).toBeCloseTo(0, 9);
    expect(measured.rounds).toBe(3);
    // Each round is R and 3R, with R long enough and not much longer.
    const rounds = batches.slice(-6);
    const repeats = rounds[0]!;
    expect(rounds).toEqual([repeats, 3 * repeats, repeats, 3 * repeats, repeats, 3 * repeats]);
    expect(repeats * each).toBeGreaterThanOrEqual(minSeconds);
    if (repeats > 1) expect(repeats * each).toBeLessThan(10 * minSeconds);
  });

  it('is not mistaken for long when the first batch was held up', async () => {
    const each = 10e-6;
    const { timer, record } = fakeTimer(each, (batch) => (batch < 3 ? 0.02 : 0));
    const { value } = await measureSlope(timer, record, { rounds: 4, deadline: never });
    expect(value / each).toBeCloseTo(1, 6);
  });

  it('is never much less than the long batches say, when all the short ones were held up', async () => {
    const each = 1e-3;
    const { timer, record, batches } = fakeTimer(each, () =>
      batches.at(-1) === Math.min(...batches.slice(-2)) ? 8e-3 : 0,
    );
    const { value } = await measureSlope(timer, record, { rounds: 5, deadline: never });
    expect(value / each).toBeGreaterThanOrEqual(0.9);
    expect(value / each).toBeLessThanOrEqual(1.1);
  });

  it('is that of the batches that were not held up, where some were', async () => {
    const each = 1e-3;
    // The first finds R, the second is a short one, the third a long one, and so on.
    const { timer, record } = fakeTimer(each, (batch) => ([0, 1, 6].includes(batch) ? 0 : 0.015));
    const options = { rounds: 6, deadline: never, isWarm: true };
    const { value, rounds } = await measureSlope(timer, record, options);
    expect(rounds).toBe(6);
    expect(value / each).toBeCloseTo(1, 9);
  });

  it('ends after two rounds, or the one asked for, where the time is over', async () => {
    for (const [rounds, made] of [
      [20, 2],
      [1, 1],
    ] as const) {
      const { timer, record } = fakeTimer(1e-3);
      const measured = await measureSlope(timer, record, { rounds, deadline: 0 });
      expect(measured.rounds).toBe(made);
    }
  });

  it('is positive even of what takes no time at all', async () => {
    const { timer, record } = fakeTimer(0);
    const { value } = await measureSlope(timer, record, { rounds: 2, deadline: never });
    expect(value).toBeGreaterThan(0);
  });
});

describe('samples', () => {
  it('have the middle one, or the mean of the two in the middle, for a median', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it('are as far apart as the largest and the least, in medians', () => {
    expect(spreadOf([5, 1, 4])).toEqual({ spread: 1, rounds: 3 });
    expect(spreadOf([2])).toEqual({ spread: 0, rounds: 1 });
  });
});
