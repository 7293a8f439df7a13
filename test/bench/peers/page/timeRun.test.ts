import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { timeRun } from '../../../../bench/peers/page/timeRun.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Work whose every unit takes that long on a clock of its own, and what was asked of it. */
function work(millisecondsEach: (total: number) => number) {
  const asked: number[] = [];
  let total = 0;
  const run = (times: number) => {
    asked.push(times);
    for (let time = 0; time < times; time++) vi.advanceTimersByTime(millisecondsEach(total++));
    return Promise.resolve();
  };
  return { asked, run };
}

describe('a run', () => {
  it('is measured once, as long as was wanted', async () => {
    const { asked, run } = work(() => 1);
    expect(await timeRun(run, 3)).toEqual({ times: 3000, seconds: 3 });
    expect(asked.at(-1)).toBe(3000);
  });

  it('is made longer by what is missing when the trial was slower', async () => {
    // The units that trials make, 1 + 2 + … + 32, take ten times as long.
    const { run } = work((total) => (total < 63 ? 10 : 1));
    const { times, seconds } = await timeRun(run, 2);
    expect(seconds).toBeGreaterThanOrEqual(2);
    expect(times).toBe(2000);
  });

  it('is one unit where that takes longer than was wanted', async () => {
    const { run } = work(() => 7000);
    expect(await timeRun(run, 3)).toEqual({ times: 1, seconds: 7 });
  });
});
