import { describe, expect, test } from 'vitest';

import { WarmUp } from '../../src/benchmark/warmUp.ts';
import { Random } from '../../src/network/random.ts';

/** Number of slices of a warm-up. */
function slicesUntilOver(warmUp: WarmUp, rateOf: (slice: number) => number, seconds: number) {
  for (let slice = 0; slice < 1000; slice++) {
    if (warmUp.isOver) return slice;
    warmUp.add(rateOf(slice), seconds);
  }
  throw new Error('Warming up never ends.');
}

describe('warming up', () => {
  test('ends after two windows if the rate is steady from the start', () => {
    const warmUp = new WarmUp(100);
    expect(slicesUntilOver(warmUp, () => 100, 0.04)).toBe(8);
    expect(warmUp.isSteady).toBe(true);
    expect(warmUp.seconds).toBeCloseTo(0.32, 12);
  });

  test('continues while the rate rises', () => {
    const rising = (slice: number) => 100 * (1 - Math.exp(-slice / 10));
    const warmUp = new WarmUp(100);
    const slices = slicesUntilOver(warmUp, rising, 0.04);
    // If windows four slices apart differ by 3 %, the curve is within a tenth of its end.
    expect(rising(slices)).toBeGreaterThan(90);
    expect(warmUp.isSteady).toBe(true);
  });

  test('continues while the rate falls, as after a processor’s boost', () => {
    const falling = (slice: number) => 100 + 100 * Math.exp(-slice / 10);
    const slices = slicesUntilOver(new WarmUp(100), falling, 0.04);
    expect(falling(slices)).toBeLessThan(115);
  });

  test('ends despite noise', () => {
    const random = new Random(1, 0x3a);
    const noisy = () => 100 * Math.exp(0.2 * random.normal());
    const slices = Array.from({ length: 50 }, () => slicesUntilOver(new WarmUp(100), noisy, 0.04));
    expect(Math.max(...slices)).toBeLessThan(40);
  });

  test('ends at the time limit without being steady', () => {
    const warmUp = new WarmUp(2);
    expect(slicesUntilOver(warmUp, (slice) => 2 ** slice, 0.1)).toBe(20);
    expect(warmUp.isSteady).toBe(false);
  });

  test('needs only three long slices if the last two agree', () => {
    const steady = new WarmUp(4);
    expect(slicesUntilOver(steady, (slice) => (slice === 0 ? 50 : 100), 1)).toBe(3);
    expect(steady.isSteady).toBe(true);
    const rising = new WarmUp(4);
    expect(slicesUntilOver(rising, (slice) => 100 + 10 * slice, 1)).toBe(4);
    expect(rising.isSteady).toBe(false);
  });
});
