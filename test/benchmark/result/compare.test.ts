import { describe, expect, it } from 'vitest';

import { compareResults } from '../../../src/benchmark/result/compare.ts';
import type { BenchmarkResult } from '../../../src/benchmark/result/schema.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

const before = makeBenchmarkResult({ seed: 1 });

/** Block medians of ten repeats in five blocks. The median of two repeats is their mean. */
const blocksOf = (values: readonly number[]) =>
  [0, 2, 4, 6, 8].map((n) => (values[n]! + values[n + 1]!) / 2);

describe('comparable results', () => {
  const after = makeBenchmarkResult({ seed: 2, factors: { webgpu: 1.2, cpu: 0.8 } });
  const comparison = compareResults(before, after);

  it('have the ratio of their block medians for each workload and backend', () => {
    expect(comparison.pairs).toHaveLength(15);
    for (const pair of comparison.pairs) {
      const [first, second] = [before, after].map(
        ({ workloads }) =>
          workloads
            .find(({ name }) => name === pair.workload)!
            .series.find(({ backend }) => backend === pair.backend)!.samplesPerSecond,
      );
      const [one, other] = [first!, second!].map(
        (rates) => blocksOf(rates).sort((a, b) => a - b)[2]!,
      );
      expect(pair.middle).toBeCloseTo(other! / one!, 10);
      expect(pair.low).toBeLessThanOrEqual(pair.middle);
      expect(pair.high).toBeGreaterThanOrEqual(pair.middle);
    }
  });

  it('are faster or slower if the interval excludes 1', () => {
    for (const { backend, verdict } of comparison.pairs) {
      if (backend === 'webgpu') expect(verdict).toBe('faster');
      if (backend === 'cpu') expect(verdict).toBe('slower');
    }
    expect(comparison.backends.map(({ backend, verdict }) => `${backend} ${verdict!}`)).toEqual([
      expect.stringMatching(/^cpu-1 /),
      'cpu slower',
      'webgpu faster',
    ]);
  });

  it('have means close to the true ratio, with intervals that contain it', () => {
    const [, cpu, webgpu] = comparison.backends;
    for (const [mean, truth] of [
      [webgpu!, 1.2],
      [cpu!, 0.8],
      [comparison.overall!, (1.2 * 0.8) ** (1 / 3)],
    ] as const) {
      // 15 medians of ten repeats with 2 % noise: three standard deviations of the mean over five are 1 %.
      expect(Math.abs(mean.middle / truth - 1)).toBeLessThan(0.02);
      expect(mean.high / mean.low).toBeLessThan(1.12);
    }
    // The overall mean is 1.4 % slower, which is less than the drift between runs.
    expect(comparison).toMatchObject({ isComparable: true, overall: { verdict: 'no difference' } });
  });

  it('give reciprocal ratios when swapped', () => {
    const back = compareResults(after, before);
    for (const [n, { middle, verdict }] of back.pairs.entries()) {
      const there = comparison.pairs[n]!;
      expect(middle).toBeCloseTo(1 / there.middle, 10);
      if (there.backend === 'webgpu') expect(verdict).toBe('slower');
    }
  });
});

it('runs that differ only by noise get a verdict in fewer than one pair in twenty', () => {
  const verdicts = Array.from({ length: 12 }, (_, n) =>
    compareResults(
      makeBenchmarkResult({ seed: 20 + 2 * n }),
      makeBenchmarkResult({ seed: 21 + 2 * n }),
    ),
  ).flatMap(({ pairs }) => pairs.map(({ verdict }) => verdict));
  const wrong = verdicts.filter((verdict) => verdict !== 'no difference').length;
  // 180 draws with a rate of 3.2 %; 15 is four standard deviations above the mean.
  expect(wrong).toBeLessThan(15);
});

it('the same result twice shows no difference and a warning', () => {
  const { pairs, overall, isComparable, warnings } = compareResults(before, before);
  for (const pair of [...pairs, overall!]) {
    expect(pair).toMatchObject({ middle: 1, verdict: 'no difference' });
  }
  expect(isComparable).toBe(true);
  expect(warnings).toEqual(['Both are the same result.']);
});

it('other libraries are compared but do not enter the overall mean', () => {
  const withPeer = (made: BenchmarkResult, factor: number) => {
    const peer = made.workloads[0]!.series[2]!;
    const samplesPerSecond = peer.samplesPerSecond.map((rate) => factor * rate);
    const path = ['workloads', 0, 'series', 3];
    return resultWith(made, path, { ...peer, backend: 'jax-webgpu', samplesPerSecond });
  };
  const after = makeBenchmarkResult({ seed: 2 });
  const { pairs, overall } = compareResults(withPeer(before, 1), withPeer(after, 50));
  expect(pairs.find(({ backend }) => backend === 'jax-webgpu')).toMatchObject({
    verdict: 'faster',
  });
  expect(overall).toEqual(compareResults(before, after).overall);
});

describe('there is no verdict for results', () => {
  const after = makeBenchmarkResult({ seed: 2, factors: { webgpu: 2 } });
  it.each<[string, BenchmarkResult, string]>([
    [
      'on other data',
      resultWith(after, ['data', 'sha256'], 'a'.repeat(64)),
      'They trained on different data: MNIST, SHA-256 c0ffeec0ffee… and MNIST, SHA-256 aaaaaaaaaaaa….',
    ],
    [
      'with other definitions',
      resultWith(after, ['workloads', 0, 'batchSize'], 128),
      "Workload 'tiny' is defined differently: batchSize is 100 and 128.",
    ],
    [
      'of a software adapter and a hardware adapter',
      resultWith(after, ['environment', 'adapter', 'isSoftware'], true),
      'The first ran on a hardware adapter and the second on a software adapter. A software adapter computes on the CPU.',
    ],
    [
      'with a single block',
      makeBenchmarkResult({ seed: 2, repeats: 1 }),
      'The second has only one block, so a difference cannot be told from chance.',
    ],
    [
      'of a version without blocks',
      resultWith(after, ['blocks'], []),
      'The second was made by an older nudge, which measured in one worker',
    ],
    [
      'on a busy machine',
      resultWith(after, ['flags', 0], {
        kind: 'busy',
        message: 'Other programs took half of it.',
        isVoid: false,
      }),
      'The second was measured on a busy machine. Busy machine: Other programs took half of it.',
    ],
    [
      'whose verification failed',
      resultWith(after, ['workloads', 1, 'verification', 'isVerified'], false),
      "The GPU of the second is not verified on 'mid'.",
    ],
    [
      'without a verification',
      resultWith(after, ['workloads', 1, 'verification'], undefined),
      "The GPU of the second is not verified on 'mid'.",
    ],
    [
      'with a flag that voids',
      resultWith(after, ['flags', 0, 'isVoid'], true),
      'The second has a flag that voids it. Not steady: tiny on the CPU had not',
    ],
    [
      'with several flags that void',
      resultWith(
        after,
        ['flags'],
        ['hidden', 'throttled'].map((kind) => ({ kind, message: 'It was.', isVoid: true })),
      ),
      'The second has 2 flags that void it. Hidden: It was. This voids the score.',
    ],
    [
      'with nothing in common',
      makeBenchmarkResult({ workloads: ['huge'] }),
      'The two have no workload in common that nudge trained on one backend.',
    ],
  ])('%s', (_, other, sentence) => {
    const comparison = compareResults(before, other);
    expect(comparison.isComparable).toBe(false);
    expect(comparison.warnings[0]).toContain(sentence);
    for (const pair of [...comparison.pairs, comparison.overall]) {
      expect(pair?.verdict).toBeUndefined();
    }
  });

  it('results without a GPU series are comparable whatever their adapters are', () => {
    const cpuAlone = (made: BenchmarkResult): BenchmarkResult => ({
      ...made,
      workloads: made.workloads.map((workload) => ({
        ...workload,
        series: workload.series.filter(({ backend }) => backend !== 'webgpu'),
      })),
    });
    const other = resultWith(cpuAlone(after), ['environment', 'adapter', 'isSoftware'], true);
    const { isComparable, pairs } = compareResults(before, other);
    expect([isComparable, pairs.length]).toEqual([true, 10]);
  });
});

it('differences between the machines are warnings beside the verdict', () => {
  let after = makeBenchmarkResult({ seed: 2, repeats: 4, workloads: ['tiny', 'huge'] });
  after = resultWith(after, ['nudge', 'commit'], '1234567');
  after = resultWith(after, ['environment', 'name'], 'Firefox 153');
  after = resultWith(after, ['environment', 'adapter', 'architecture'], 'coyote');
  const { isComparable, warnings, overall } = compareResults(before, after);
  expect(isComparable).toBe(true);
  expect(overall!.verdict).toBeDefined();
  expect(warnings).toEqual([
    'Their nudge versions differ: 0.1.0 (50224db) and 0.1.0 (1234567).',
    'Their runtimes differ: Chromium 156 and Firefox 153.',
    'Their adapters differ: acme roadrunner-2 ACME Roadrunner 2060 and acme coyote ACME Roadrunner 2060.',
    "Only the first has 'mid', 'large', 'xl', 'batch-1'.",
    "Only the second has 'huge'.",
    'The first has flags: not steady.',
    'The second has flags: not steady.',
  ]);
});
