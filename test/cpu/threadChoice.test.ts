/** The choice of the fastest candidate, on a simulated machine whose true speeds are known. */
import { describe, expect, it } from 'vitest';

import { chooseFastest, judge, medianInterval, type Choice } from '../../src/cpu/threadChoice.ts';
import { testRandom } from '../support/networks.ts';

describe('the interval of a median', () => {
  it('is that of the order statistics: David and Nagaraja, for 93.8, 93.0 and 96.1 %', () => {
    const upTo = (n: number) => medianInterval(Array.from({ length: n }, (_, i) => n - i));
    expect(upTo(5)).toEqual({ middle: 3, low: 1, high: 5 });
    expect(upTo(8)).toEqual({ middle: 4.5, low: 2, high: 7 });
    expect(upTo(15)).toEqual({ middle: 8, low: 4, high: 12 });
    expect(medianInterval([7])).toEqual({ middle: 7, low: 7, high: 7 });
  });

  it.each([5, 8, 11, 15, 24])('of %i values holds the true one as often as it says', (count) => {
    const random = testRandom(count);
    let held = 0;
    for (let run = 0; run < 4000; run++) {
      // An exponential distribution, whose median is ln 2.
      const values = Array.from({ length: count }, () => -Math.log(1 - random.uniform()));
      const { low, high } = medianInterval(values);
      if (low <= Math.LN2 && Math.LN2 <= high) held++;
    }
    // 92 %, less four standard errors.
    expect(held / 4000).toBeGreaterThan(0.903);
  });
});

interface Machine {
  /** True milliseconds of a trial by candidate, most threads first. */
  readonly truth: readonly number[];
  /** Factor that a trial of a candidate is slower by at a time, in milliseconds since the first. */
  readonly noise?: (candidate: number, ms: number, random: ReturnType<typeof testRandom>) => number;
}

async function choose({ truth, noise }: Machine, seed: number): Promise<Choice & { ms: number }> {
  const random = testRandom(seed);
  let ms = 0;
  const candidates = truth.map((true_, c) => () => {
    // Every machine has some percent of noise.
    const usual = 1 + 0.03 * (random.uniform() + random.uniform());
    const time = true_ * usual * (noise?.(c, ms, random) ?? 1);
    ms += time;
    return Promise.resolve(time);
  });
  const choice = await chooseFastest(candidates, { budgetMs: 250, now: () => ms });
  return { ...choice, ms };
}

const runs = 300;

/** Share of many choices by candidate, and the worst of how much slower than the best candidate they were. */
async function chooseOften(machine: Machine): Promise<{ shares: number[]; worst: number }> {
  const shares = machine.truth.map(() => 0);
  let worst = 1;
  for (let seed = 1; seed <= runs; seed++) {
    const { chosen } = await choose(machine, seed);
    shares[chosen]! += 1 / runs;
    worst = Math.max(worst, machine.truth[chosen]! / Math.min(...machine.truth));
  }
  return { shares, worst };
}

describe('of two candidates, in 300 simulated runs,', () => {
  it.each([0.5, 0.8, 0.9, 0.95, 1.02, 1.1, 1.3, 2])(
    'the choice costs no more than 5 %% where the first takes %s of the time of the second',
    async (ratio) => {
      expect((await chooseOften({ truth: [8 * ratio, 8] })).worst).toBeLessThan(1.05);
    },
  );

  it('a tie goes to the first', async () => {
    const { shares } = await chooseOften({ truth: [8, 8] });
    expect(shares[0]).toBeGreaterThan(0.9);
  });

  // What takes a moment of a core, and so disturbs the first candidate or both.
  const spike: Machine['noise'] = (_, __, random) =>
    random.uniform() < 0.08 ? 2 + 8 * random.uniform() : 1;
  const drift: Machine['noise'] = (_, ms) => 1 + ms / 100;
  const tierUp: Machine['noise'] = (_, ms) => (ms < 60 ? 4 : 1);
  const halfOfTheTime: Machine['noise'] = (c, ms) => (c === 0 && ms % 100 < 50 ? 4 : 1);
  const firstHalf: Machine['noise'] = (c, ms) => (c === 0 && ms < 120 ? 4 : 1);
  it.each([
    ['one trial in twelve stalls', spike],
    ['all become slower and slower', drift],
    ['code is slow until it is optimized', tierUp],
    ['a core is taken for half of the time', halfOfTheTime],
    ['a core is taken for the first half of the time', firstHalf],
  ])('more threads are taken if faster, though %s', async (_, noise) => {
    const { shares } = await chooseOften({ truth: [5, 8], noise });
    expect(shares[0]).toBeGreaterThan(0.99);
  });

  it.each([
    ['one trial in twelve stalls', spike],
    ['all become slower and slower', drift],
    ['code is slow until it is optimized', tierUp],
  ])('fewer threads are taken if faster, though %s', async (_, noise) => {
    const { shares } = await chooseOften({ truth: [8, 6.5], noise });
    expect(shares[1]).toBeGreaterThan(0.97);
  });
});

it('finds the fastest of five numbers of threads', async () => {
  const { worst, shares } = await chooseOften({ truth: [9, 6, 5, 8, 15] });
  expect(shares[2]).toBeGreaterThan(0.95);
  expect(worst).toBeLessThan(1.25);
});

describe('trials end', () => {
  it('after a few rounds where the matter is clear', async () => {
    const { rounds, ms } = await choose({ truth: [50, 95] }, 1);
    expect(rounds).toBe(3);
    expect(ms).toBeLessThan(500);
  });

  it('soon after their time where it is not', async () => {
    const { rounds, ms } = await choose({ truth: [8, 8] }, 1);
    expect(rounds).toBeGreaterThanOrEqual(8);
    expect(ms).toBeLessThan(300);
  });

  it('with eight rounds where a round takes long, and three where it takes very long', async () => {
    expect((await choose({ truth: [50, 50] }, 1)).rounds).toBe(8);
    expect((await choose({ truth: [900, 900] }, 1)).rounds).toBe(3);
  });

  it('at once where there is one candidate', async () => {
    expect(await choose({ truth: [3] }, 1)).toMatchObject({ chosen: 0, rounds: 1 });
  });
});

it('fewer threads are dropped early if hopeless; more threads are not, since a core may be taken', () => {
  const rounds = (a: number, b: number) => [1, 2, 3].map(() => [a, b]);
  expect(judge(rounds(1, 1.2)).remaining).toEqual([0]);
  expect(judge(rounds(1.2, 1)).remaining).toEqual([0, 1]);
  expect(judge(rounds(1, 1.1)).remaining).toEqual([0, 1]);
  expect(judge([...rounds(1, 1.2).slice(1), [1, NaN]]).remaining).toEqual([0, 1]);
});

it('tells how many times as long each candidate takes as the chosen one', () => {
  const { chosen, ratios } = judge([
    [4, 2],
    [4, 1],
    [4, 2],
    [4, 2],
    [4, 4 / 3],
  ]);
  expect(chosen).toBe(1);
  expect(ratios[0]).toEqual({ middle: 2, low: 2, high: 4 });
  expect(ratios[1]).toEqual({ middle: 1, low: 1, high: 1 });
});
