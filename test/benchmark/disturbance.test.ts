import { describe, expect, test } from 'vitest';

import {
  disturbanceFlags,
  findSlowdown,
  isBusy,
  threadFlags,
  type RatesByBlock,
} from '../../src/benchmark/disturbance.ts';
import { Random } from '../../src/network/random.ts';
import { makeBenchmarkResult } from '../support/benchmarkResult.ts';
// Measured with `npm run bench:aa` on a quiet machine. Each run has the beat of each block in microseconds, and the
// samples/s of each block and series in thousandths of their median.
import quietRuns from './quietRuns.json' with { type: 'json' };

interface Run {
  readonly beats: readonly number[];
  readonly rates: readonly RatesByBlock[];
}

/** 0 to `count` − 1. */
const below = (random: Random, count: number) => Math.floor(count * random.uniform());

/** A plausible run of a quiet machine: the blocks of a measured run in random order. */
function drawQuiet(random: Random): Run {
  const { beats, rates } = quietRuns[below(random, quietRuns.length)]!;
  const order = beats.map((_, block) => block);
  for (let last = order.length - 1; last > 0; last--) {
    const other = below(random, last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  const shuffled = (values: readonly number[]) => order.map((block) => values[block]!);
  return { beats: shuffled(beats), rates: rates.map(shuffled) };
}

/**
 * The same run on a processor that slows down.
 * @param from number of blocks before the slowdown; may be a fraction
 */
function slow({ beats, rates }: Run, factor: number, from: number): Run {
  // The slowdown may start within a block.
  const factors = beats.map((_, block) => factor ** Math.min(1, Math.max(0, block + 1 - from)));
  return {
    beats: beats.map((beat, block) => beat * factors[block]!),
    rates: rates.map((blocks) => blocks.map((rate, block) => rate / factors[block]!)),
  };
}

function slowdownOf({ beats, rates }: Run) {
  return findSlowdown(
    beats.map((microseconds) => ({ beatSeconds: microseconds / 1e6 })),
    rates,
  );
}

describe('a slowdown of the processor', () => {
  const runs = 1000;

  test('by a factor of 1.5 is found in 95 of 100 runs with about this factor', () => {
    const random = new Random(1, 0xd157);
    let noticed = 0;
    for (let run = 0; run < runs; run++) {
      // After the first block, before the last.
      const slowdown = slowdownOf(slow(drawQuiet(random), 1.5, 1 + 3 * random.uniform()));
      if (slowdown && slowdown.pulse > 1.25 && slowdown.pulse < 1.8) noticed++;
    }
    expect(noticed / runs).toBeGreaterThanOrEqual(0.95);
  });

  test('is found as often if it is gradual', () => {
    const random = new Random(2, 0xd157);
    let noticed = 0;
    for (let run = 0; run < runs; run++) {
      const { beats, rates } = drawQuiet(random);
      const factors = beats.map((_, block) => 1.5 ** (block / (beats.length - 1)));
      const warm = {
        beats: beats.map((beat, block) => beat * factors[block]!),
        rates: rates.map((blocks) => blocks.map((rate, block) => rate / factors[block]!)),
      };
      if (slowdownOf(warm)) noticed++;
    }
    expect(noticed / runs).toBeGreaterThanOrEqual(0.95);
  });

  test('is found in at most one of 100 runs of a quiet machine', () => {
    const random = new Random(3, 0xd157);
    let wrong = 0;
    for (let run = 0; run < runs; run++) if (slowdownOf(drawQuiet(random))) wrong++;
    expect(wrong / runs).toBeLessThanOrEqual(0.01);
  });

  test('is not found if only the pulse slows down, even by a factor of 15', () => {
    const random = new Random(4, 0xd157);
    for (let run = 0; run < runs; run++) {
      const { beats, rates } = drawQuiet(random);
      const broken = beats.map((beat, block) => (block < 2 ? beat : 15.33 * beat));
      expect(slowdownOf({ beats: broken, rates })).toBeUndefined();
    }
  });

  test('is not found if only training slows down, as other programs can cause', () => {
    const random = new Random(5, 0xd157);
    for (let run = 0; run < runs; run++) {
      const { beats } = drawQuiet(random);
      const { rates } = slow(drawQuiet(random), 2, 2);
      expect(slowdownOf({ beats, rates })).toBeUndefined();
    }
  });

  test('is not found in fewer than three blocks or without a pulse', () => {
    const rates = [[2, 1]];
    expect(findSlowdown([{ beatSeconds: 1 }, { beatSeconds: 2 }], rates)).toBeUndefined();
    expect(findSlowdown([{}, {}, {}], [[3, 2, 1]])).toBeUndefined();
  });
});

describe('other programs', () => {
  const pulses = (...taken: number[]) =>
    taken.map((share) => ({ beatSeconds: 4e-4, taken: share }));

  test('make a machine busy if they take over a tenth of it in the median of several pulses', () => {
    expect(isBusy(pulses(0.3, 0.02, 0.4))).toBe(true);
    expect(isBusy(pulses(0.05, 0.6, 0.04))).toBe(false);
    expect(isBusy([])).toBe(false);
  });

  test('give no flag if no round was disturbed', () => {
    expect(disturbanceFlags({ rounds: 20, again: 0, kept: 0 }, 0.05)).toEqual([]);
  });

  test('give a flag if rounds were measured again', () => {
    const [flag] = disturbanceFlags({ rounds: 20, again: 3, kept: 1 }, 0.05);
    expect(flag).toMatchObject({ kind: 'disturbed', isVoid: false });
    expect(flag!.message).toBe(
      'Other programs disturbed 3 rounds, which were measured again; 1 of 20 rounds stayed disturbed.',
    );
  });

  test('give a busy flag if over a fifth of the rounds stayed disturbed', () => {
    const [flag] = disturbanceFlags({ rounds: 20, again: 10, kept: 5 }, 0.35);
    expect(flag).toMatchObject({ kind: 'busy', isVoid: false });
    expect(flag!.message).toMatch(
      /^Other programs disturbed 5 of 20 rounds and took 35 % of the processor on average\./,
    );
  });
});

describe('several threads that are slower than one thread', () => {
  const [workload] = makeBenchmarkResult().workloads;
  const withRatio = (middle: number, half: number, threads: number) => ({
    ...workload!,
    series: workload!.series.map((one) =>
      one.backend === 'cpu' ? { ...one, threads: [threads, threads] } : one,
    ),
    ratios: [
      { of: 'cpu', over: 'cpu-1', middle, low: middle - half, high: middle + half } as const,
    ],
  });

  test('give a flag with the ratio and the count', () => {
    const [flag] = threadFlags(withRatio(0.6, 0.1, 2));
    expect(flag).toMatchObject({ kind: 'threads', isVoid: false, backend: 'cpu' });
    expect(flag!.message).toContain('trained 0.60 times as fast on 2 threads as on one');
  });

  test.each([
    ['the interval contains 1', 0.9, 0.2, 2],
    ['they are as fast', 0.98, 0.01, 2],
    ['the count is 1', 0.6, 0.1, 1],
  ])('give no flag if %s', (_, middle, half, threads) => {
    expect(threadFlags(withRatio(middle, half, threads))).toEqual([]);
  });
});
