import { expect, it } from 'vitest';

import { describeBenchmark, describeWorkload } from '../../../src/cli/bench/describe.ts';
import { describePhase } from '../../../src/cli/bench/progress.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

/** The example result with round figures, so that each can be found in the text. */
const rounded = (() => {
  const result = makeBenchmarkResult({ workloads: ['tiny', 'large'] });
  const estimate = (middle: number) => ({ middle, low: 0.99 * middle, high: 1.01 * middle });
  const rates = [
    [600_000, 700_000, 350_000],
    [12_000, 24_000, 144_000],
  ];
  return {
    ...result,
    workloads: result.workloads.map((workload, w) => ({
      ...workload,
      series: workload.series.map((series, s) => ({
        ...series,
        estimate: estimate(rates[w]![s]!),
      })),
      ratios: [{ of: 'webgpu', over: 'cpu', ...estimate([0.5, 6][w]!) } as const],
      verification: {
        ...workload.verification!,
        tensors: [{ name: 'weights of layer 1', worst: [0.31, 0.25][w]! }],
        worst: [0.31, 0.25][w]!,
      },
    })),
    flags: [
      {
        kind: 'not-steady',
        message: 'tiny on the CPU had not become steady.',
        isVoid: false,
        workload: 'tiny',
        backend: 'cpu',
      },
    ] as const,
    timesToAccuracy: [
      { workload: 'mid', backend: 'cpu', target: 0.95, seconds: 0.41, steps: 938, accuracy: 0.97 },
      { workload: 'mid', backend: 'webgpu', target: 0.97, steps: 4690, accuracy: 0.9691 },
    ] as const,
    scores: result.scores.map((score) => ({ ...score, ...estimate(2000), isComplete: true })),
  };
})();

it('a result is a table, scores, conclusions, verification, flags and the machine', () => {
  expect(describeBenchmark(rounded)).toEqual([
    'samples/s  network           CPU, 1 thread   CPU, 8 threads              GPU               GPU over CPU  of its limit',
    'tiny       784-16-16-10    600,000 ± 1.0 %  700,000 ± 1.0 %  350,000 ± 1.0 %  0.500× (0.495× to 0.505×)  92 %',
    'large      784-512-512-10   12,000 ± 1.0 %   24,000 ± 1.0 %  144,000 ± 1.0 %     6.00× (5.94× to 6.06×)  92 %',
    '',
    'Score of CPU, 1 thread: 2,000 (1,980 to 2,020).',
    'Score of CPU: 2,000 (1,980 to 2,020).',
    'Score of GPU (hardware adapter): 2,000 (1,980 to 2,020).',
    '1000 is the speed of the CPU engine on two cores of an AMD EPYC (Zen 3) in Chromium 156; 2000 is twice as fast. Measured so far: two cores of an AMD EPYC (Zen 5), 2,135; one of them, 1,276; lavapipe on both, in Firefox 153, 327; SwiftShader on both, in Chromium 156, 165.',
    'Ranges are 95 % intervals from 5 blocks, each in a fresh worker with a fresh device. They cover a rerun minutes later on the same machine, but not other drivers, temperatures or days.',
    'The GPU is faster than the CPU from about 86,000 parameters on.',
    'tiny and large: limited by the cost of dispatches. The GPU reached 92 % of what its own limits allow.',
    'mid to 95 % test accuracy on CPU: 0.4 s, 938 steps.',
    'mid to 97 % test accuracy on GPU: not reached; the best was 96.91 %.',
    "Verified, 2 workloads: worst error 0.31 of the tolerance (weights of layer 1 of tiny), costs within 0.07 % of the CPU's (tolerance 2 %).",
    'Not steady: tiny on the CPU had not become steady.',
    '',
    'Data: MNIST, 60,000 + 10,000 samples, SHA-256 c0ffeec0ffee….',
    'GPU: acme roadrunner-2, ACME Roadrunner 2060 (hardware).',
    'Ran in Chromium 156 on Linux x86_64, 8 threads, in 1 min 58 s.',
  ]);
});

it('a score of some workloads, or of a software adapter, says so', () => {
  const software = rounded.scores.map((score) =>
    score.backend === 'webgpu' ? { ...score, class: 'software' as const } : score,
  );
  const scores = software.map((score) => ({
    ...score,
    workloads: ['tiny', 'large'],
    isComplete: false,
  }));
  const lines = describeBenchmark({ ...rounded, scores });
  expect(lines).toContain(
    'Score of GPU (software adapter, which computes on the CPU): 2,000 (1,980 to 2,020).',
  );
  expect(lines).toContain(
    'These scores cover tiny and large only. They are not comparable with scores of full runs.',
  );
});

it('a result that is not verified says so, and has a flag instead of a score', () => {
  const wrong = resultWith(rounded, ['workloads', 1, 'verification'], {
    ...rounded.workloads[1]!.verification,
    isVerified: false,
    tensors: [{ name: 'biases of layer 2', worst: 1.7 }],
    worst: 1.7,
  });
  const flag = {
    kind: 'not-verified' as const,
    message: 'The GPU’s results for large are wrong.',
    isVoid: true,
    workload: 'large',
    backend: 'webgpu' as const,
  };
  const lines = describeBenchmark({ ...wrong, scores: [], flags: [flag] });
  expect(lines).toContain('No score.');
  expect(lines.join('\n')).toMatch(
    /\nNOT VERIFIED, 1 of 2 workloads: worst error 1\.7 of the tolerance \(biases of layer 2 of large\), .* Run 'nudge check' to find/,
  );
  expect(lines).toContain(
    'Not verified: The GPU’s results for large are wrong. This voids the score.',
  );
});

it('without a GPU there are no empty columns, and the reason is given', () => {
  let none = resultWith(rounded, ['environment', 'adapter'], undefined);
  none = resultWith(none, ['environment', 'noAdapter'], 'There is no adapter here.');
  for (const w of [0, 1]) {
    none = resultWith(none, ['workloads', w, 'series', 2], undefined);
    none = resultWith(none, ['workloads', w, 'ratios'], []);
    none = resultWith(none, ['workloads', w, 'verification'], undefined);
  }
  const lines = describeBenchmark(none);
  expect(lines.slice(0, 2)).toEqual([
    'samples/s  network           CPU, 1 thread   CPU, 8 threads',
    'tiny       784-16-16-10    600,000 ± 1.0 %  700,000 ± 1.0 %',
  ]);
  expect(lines).toContain('GPU: none. There is no adapter here.');
  expect(lines.join('\n')).toContain('\nNot verified: there was no GPU.');
});

it('a finished workload is a line, and a phase a few words', () => {
  expect(describeWorkload(rounded.workloads[1]!)).toBe(
    'large: CPU, 1 thread 12,000; CPU 24,000; GPU 144,000 samples/s; GPU over CPU 6.00× (5.94× to 6.06×)',
  );
  const phase = { type: 'phase', done: 0.5 } as const;
  expect(
    describePhase({ ...phase, phase: 'measure', workload: 'mid', backend: 'webgpu', round: 3 }),
  ).toBe('mid on GPU: measuring, round 3');
  expect(describePhase({ ...phase, phase: 'probe' })).toBe('measuring the adapter');
});

it('the final costs are listed if other libraries ran', () => {
  const [tiny] = rounded.workloads;
  const peer = { ...tiny!.series[1]!, backend: 'jax-wasm' as const, finalCost: 0.125, curve: [] };
  const series = [{ ...tiny!.series[1]!, finalCost: 0.25 }, peer];
  const lines = describeBenchmark({ ...rounded, workloads: [{ ...tiny!, series }] });
  expect(lines).toContain(
    "Final cost of tiny, after each library's own number of steps: CPU 0.2500; jax-js, WebAssembly 0.1250.",
  );
  expect(describeBenchmark(rounded).join('\n')).not.toContain('Final cost');
});

it('each figure has its number of threads if workloads differ', () => {
  const path = ['workloads', 0, 'series', 1, 'threads'];
  const [head, tiny, large] = describeBenchmark(resultWith(rounded, path, [1, 1, 1, 1, 1]));
  expect(head).toContain('CPU, 1 or 8 threads');
  expect(tiny).toContain('700,000 ± 1.0 % (1 thread)');
  expect(large).toContain('24,000 ± 1.0 % (8 threads)');
});

it('the GPU is compared with one thread if that is the fastest', () => {
  const one = { middle: 800_000, low: 790_000, high: 810_000 };
  const ratio = { of: 'webgpu', over: 'cpu-1', middle: 0.4375, low: 0.43, high: 0.44 };
  let result = resultWith(rounded, ['workloads', 0, 'series', 0, 'estimate'], one);
  result = resultWith(result, ['workloads', 0, 'ratios', 1], ratio);
  const [, tiny, large] = describeBenchmark(result);
  expect(tiny).toContain('0.438× (0.430× to 0.440×)');
  expect(large).toContain('6.00×');
});
