import { describe, expect, it } from 'vitest';

import { halve, isFaster, minGain, uncertainty } from '../../../../src/gpu/plan/tuning/halving.ts';

/** Contenders by name with their true times, and how each measurement strays from it. */
function bench(times: Readonly<Record<string, number>>, noise: (n: number) => number = () => 1) {
  const log: string[] = [];
  const time = (name: string) => {
    log.push(name);
    return Promise.resolve(times[name]! * noise(log.length));
  };
  const run = (isOver = () => false) => {
    const [incumbent, ...challengers] = Object.keys(times);
    return halve(incumbent!, challengers, { time, isOver });
  };
  return { log, run };
}

it('the fastest wins, and the slower half of each round is measured no more', async () => {
  const { log, run } = bench({ own: 10, a: 9, b: 12, c: 8, d: 11, e: 5 });
  const { winner, measured, best, incumbent } = await run();
  expect([winner, measured, best?.contender]).toEqual(['e', 5, 'e']);
  const count = (name: string) => log.filter((one) => one === name).length;
  expect(['b', 'd', 'a', 'c', 'e', 'own'].map(count)).toEqual([1, 1, 2, 3, 4, 4]);
  expect(incumbent.samples).toEqual([10, 10, 10, 10]);
});

it('measurements are taken in turn', async () => {
  const { log, run } = bench({ own: 10, a: 20, b: 5 });
  await run();
  expect(log.slice(0, 5)).toEqual(['own', 'a', 'b', 'own', 'b']);
});

it('a gain below the minimum does not win', async () => {
  expect((await bench({ own: 100, a: 98 }).run()).winner).toBe('own');
  expect((await bench({ own: 100, a: 96 }).run()).winner).toBe('a');
  expect(minGain).toBe(0.03);
});

it('a slower candidate is measured once', async () => {
  const { log, run } = bench({ own: 100, a: 150 });
  expect((await run()).winner).toBe('own');
  expect(log).toEqual(['own', 'a']);
});

it('a candidate that may be faster only by chance does not win, even after many measurements', async () => {
  // The second measurement of all, the first of the challenger, is lucky.
  const { log, run } = bench({ own: 100, a: 100 }, (n) => (n === 2 ? 0.8 : 1));
  expect((await run()).winner).toBe('own');
  expect(log.filter((name) => name === 'a').length).toBe(10);
});

it('a hold-up of the machine changes nothing', async () => {
  const { run } = bench({ own: 100, a: 90 }, (n) => (n % 3 === 0 ? 5 : 1));
  expect((await run()).winner).toBe('a');
});

describe('where time runs out', () => {
  const after = (log: readonly string[], count: number) => () => log.length >= count;

  it('nothing was measured: the incumbent stays', async () => {
    const { log, run } = bench({ own: 10, a: 1 });
    expect(await run(after(log, 0))).toEqual({
      winner: 'own',
      incumbent: { contender: 'own', samples: [] },
      best: undefined,
      measured: 0,
    });
  });

  it('once is not enough to win, and the best so far is told', async () => {
    const { log, run } = bench({ own: 10, a: 8, b: 1 });
    const { winner, best, measured } = await run(after(log, 2));
    expect([winner, best?.contender, measured]).toEqual(['own', 'a', 1]);
  });

  it('a candidate that is already confirmed wins', async () => {
    const { log, run } = bench({ own: 10, a: 8, b: 5 });
    const { winner } = await run(after(log, 5));
    expect(winner).toBe('b');
  });
});

it('without challengers the incumbent stays, unmeasured', async () => {
  const { log, run } = bench({ own: 10 });
  expect((await run()).winner).toBe('own');
  expect(log).toEqual([]);
});

it('the least time is known as well as the second least agrees with it', () => {
  expect(uncertainty([5])).toBe(Infinity);
  expect(uncertainty([9, 2, 3, 100])).toBe(0.5);
  expect(isFaster([8, 8], [10, 10])).toBe(true);
  expect(isFaster([8, 11], [10, 10])).toBe(false);
  expect(isFaster([8, 8], [10, 14])).toBe(false);
  expect(isFaster([8], [10, 10])).toBe(false);
});
