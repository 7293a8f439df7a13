import { expect, test } from 'vitest';

import { Repeats } from '../../src/benchmark/repeats.ts';

/** A fake backend: each step takes `stepSeconds`, and reading the result adds a constant `waitSeconds`. */
function backend(stepSeconds: number, waitSeconds: number) {
  const asked: number[] = [];
  const train = (steps: number) => {
    asked.push(steps);
    return Promise.resolve({ samples: 100 * steps, seconds: waitSeconds + steps * stepSeconds });
  };
  return { asked, train };
}

test.each([
  ['a fast GPU', 1e-5, 1e-4],
  ['a GPU in software', 1e-3, 4e-3],
  ['a browser that polls results every 100 ms', 6.5e-4, 0.1],
  ['the same with small steps', 1e-5, 0.1],
  ['a browser whose read-back takes 4 ms', 6.5e-4, 4.1e-3],
])('waiting is a small part of a repeat on %s', async (_, stepSeconds, waitSeconds) => {
  const { train } = backend(stepSeconds, waitSeconds);
  const repeats = new Repeats(train, 0.1, undefined);
  await repeats.warmUp();
  const rate = await repeats.time();
  // Within a sixth of the true rate; repeats of one step would be wrong by a factor of up to 1000.
  expect(rate * stepSeconds).toBeGreaterThan(100 / 1.2);
  expect(rate * stepSeconds).toBeLessThanOrEqual(100);
  expect(repeats.isSteady).toBe(true);
});

test('a repeat takes about its target time without waiting', async () => {
  for (const stepSeconds of [1e-6, 3e-5, 1e-3, 2e-2]) {
    const { train } = backend(stepSeconds, 0);
    const repeats = new Repeats(train, 0.3, undefined);
    await repeats.warmUp();
    const seconds = repeats.stepsPerRepeat * stepSeconds;
    expect(seconds).toBeGreaterThanOrEqual(0.3 / Math.SQRT2);
    expect(seconds).toBeLessThan(0.3 * Math.SQRT2);
  }
});

test('a repeat has one step if steps are longer than a repeat', async () => {
  const { train, asked } = backend(2, 0);
  const repeats = new Repeats(train, 0.3, undefined);
  await repeats.warmUp();
  expect(repeats.stepsPerRepeat).toBe(1);
  expect(Math.max(...asked)).toBe(1);
  expect(asked.length).toBeLessThan(8);
});

test('a later block reuses the steps of the first and has a shorter warm-up', async () => {
  const { train, asked } = backend(1e-3, 0);
  const repeats = new Repeats(train, 0.1, 128);
  await repeats.warmUp();
  expect(asked).toEqual([1, ...Array<number>(9).fill(16)]);
  await repeats.time();
  expect(asked.at(-1)).toBe(128);

  const long = backend(2, 0);
  await new Repeats(long.train, 0.3, 1).warmUp();
  expect(long.asked.length).toBeLessThan(5);
});

test('the rate is in samples per second', async () => {
  const { train } = backend(1e-3, 0);
  const repeats = new Repeats(train, 0.1, undefined);
  await repeats.warmUp();
  expect(await repeats.time()).toBeCloseTo(100_000, 6);
  const { stepsPerRepeat } = repeats;
  repeats.lengthen(4);
  expect(repeats.stepsPerRepeat).toBe(4 * stepsPerRepeat);
});
