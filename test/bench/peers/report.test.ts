import { describe, expect, it, test } from 'vitest';

import {
  bestOf,
  formatRate,
  formatRatio,
  formatSpread,
  markdownReport,
  markdownTable,
  ratioRows,
  speedCell,
} from '../../../bench/peers/report.ts';
import { resultName } from '../../../bench/peers/resultFiles.ts';
import type { ContenderResult, Results } from '../../../bench/peers/results.ts';

function result(
  line: string,
  workload: string,
  rates: readonly number[],
  verdict: ContenderResult['verdict'] = { kind: 'right' },
): ContenderResult {
  const samples = rates.map((rate) => ({ times: rate, seconds: 1, rate }));
  return { contender: line, line, title: line, computesOn: 'gpu', workload, verdict, samples };
}

const wrong = { kind: 'wrong', reason: 'its cost was 9 where float64 has 1' } as const;

test('a table is Markdown with numbers to the right', () => {
  expect(markdownTable(['', 'tiny'], [['nudge', '5']])).toEqual([
    '|  | tiny |',
    '| --- | ---: |',
    '| nudge | 5 |',
  ]);
});

test.each([
  [123_456.7, '123,457'],
  [99.94, '99.9'],
  [5.816, '5.82'],
  [0.4092, '0.409'],
])('a rate of %d is written %s', (rate, text) => {
  expect(formatRate(rate)).toBe(text);
});

test('a spread is half of the way from the slowest to the fastest', () => {
  expect(formatSpread([90, 100, 110])).toBe('±10 %');
});

test.each([
  [3.36, '3.4×'],
  [0.159, '0.16×'],
  [25.4, '25×'],
])('a ratio of %d is written %s', (ratio, text) => {
  expect(formatRatio(ratio)).toBe(text);
});

describe('a line with several forms', () => {
  const threads = { ...result('jax-js wasm', 'tiny', [10, 12, 11]), contender: 'threads' };
  const one = { ...result('jax-js wasm', 'tiny', [30, 20, 25]), contender: 'one' };

  it('shows the one with the larger median', () => {
    expect(bestOf([threads, one], 'jax-js wasm', 'tiny')).toBe(one);
    expect(speedCell([threads, one], 'jax-js wasm', 'tiny')).toBe('25 ±20 %');
  });

  it('shows the slower one where the faster was wrong', () => {
    expect(bestOf([threads, { ...one, verdict: wrong }], 'jax-js wasm', 'tiny')).toBe(threads);
  });
});

describe('a contender that was fast and wrong', () => {
  const results = [result('nudge', 'tiny', [10]), result('peer', 'tiny', [1000], wrong)];

  it('is called wrong where its speed would stand', () => {
    expect(speedCell(results, 'peer', 'tiny')).toBe('wrong');
  });

  it('is compared with nobody', () => {
    expect(ratioRows(results, 'nudge', ['peer'], ['tiny'])).toEqual([['peer', '']]);
  });
});

test('ratios are those of the medians, with nothing where one has not run', () => {
  const results = [
    result('nudge', 'tiny', [29, 30, 90]),
    result('nudge', 'mid', [5]),
    result('peer', 'tiny', [10, 10, 1]),
  ];
  expect(ratioRows(results, 'nudge', ['peer'], ['tiny', 'mid'])).toEqual([['peer', '3×', '']]);
});

const results: Results = {
  date: '2026-11-23T01:02:03.000Z',
  commit: 'abc',
  isComplete: true,
  changes: '0123456789abcdef',
  command: 'npm run bench:peers --',
  machine: { cpu: 'A CPU', cores: 2, memoryBytes: 1, platform: 'linux', node: '20.0.0' },
  browser: { name: 'chromium', version: 'Chrome/1' },
  adapter: {
    vendor: 'google',
    architecture: 'swiftshader',
    description: '',
    isSoftware: true,
    subgroupSize: 4,
    features: [],
    limits: {},
  },
  versions: {},
  settings: {},
  referenceCosts: { tiny: 1 },
  results: [
    { ...result('nudge webgpu', 'tiny', [300]), commands: { dispatches: 2, submits: 0.1 } },
    result('peer', 'tiny', [100]),
    result('fast peer', 'tiny', [9000], wrong),
    {
      ...result('late peer', 'tiny', [], { kind: 'failed', reason: 'it took too long' }),
      form: 'SIMD, 2 threads',
    },
  ],
  firstSteps: [{ contender: 'nudge-webgpu', line: 'nudge webgpu', milliseconds: [90, 100, 110] }],
  timesToAccuracy: [
    {
      contender: 'nudge-webgpu',
      line: 'nudge webgpu',
      workload: 'mid',
      accuracy: 0.97,
      result: { isReached: true, evaluations: [{ steps: 2000, seconds: 12.34, accuracy: 0.971 }] },
    },
    {
      contender: 'peer',
      line: 'peer',
      workload: 'mid',
      accuracy: 0.97,
      result: { isReached: false, evaluations: [{ steps: 10, seconds: 900, accuracy: 0.5 }] },
    },
  ],
  python: {
    results: [result('NumPy', 'tiny', [50])],
    versions: {},
    libraries: [
      {
        ...{ library: 'NumPy', version: '1.24.2', blas: 'OpenBLAS', file: 'libopenblas.so' },
        ...{ threads: 2, gigaflops: 196.8, elementGigaflops: 8.3 },
      },
    ],
    notes: ['PyTorch was not measured: there is none.'],
    warnings: ['NumPy is slow here.'],
  },
  warnings: ['jax-js ran on one thread.'],
};

test('a report has the speeds, the ratios, and everything that is to be known about them', () => {
  expect(markdownReport(results).split('\n')).toEqual(
    expect.arrayContaining([
      '# chromium Chrome/1, google swiftshader (software)',
      '`npm run bench:peers --`',
      'Made on 2026-11-23T01:02:03.000Z at commit abc, with changes (SHA-256 0123456789ab…); A CPU, 2 cores, linux, Node 20.0.0.',
      '|  | tiny, samples/s |',
      '| nudge webgpu | 300 ±0 % |',
      '| NumPy | 50 ±0 % |',
      '| late peer | failed |',
      '| peer | 3× |',
      '| NumPy | 6× |',
      '| nudge webgpu, tiny | 2.0 | 0.1 |',
      '| nudge-webgpu | 100 ±10 % |',
      '| nudge webgpu, mid to 97 % | 12.3 s | 2,000 |',
      '| peer, mid to 97 % | not within 900.0 s | 10 |',
      '**Warning**: NumPy is slow here.',
      '**Warning**: jax-js ran on one thread.',
      '- late peer: SIMD, 2 threads.',
      '- NumPy 1.24.2: OpenBLAS (libopenblas.so), 2 threads, 197 GFLOP/s in a product of 512 × 512.',
      '- fast peer, tiny: wrong, its cost was 9 where float64 has 1.',
      '- late peer, tiny: failed, it took too long.',
      '- PyTorch was not measured: there is none.',
    ]),
  );
});

test('a report of a run without workloads has no table of speeds', () => {
  const python = { results: [], versions: {}, libraries: [], notes: [], warnings: [] };
  const report = markdownReport({ ...results, results: [], python });
  expect(report).not.toContain('samples/s');
  expect(report).toContain('| nudge webgpu, mid to 97 % | 12.3 s | 2,000 |');
});

test('a report of a run that was interrupted says so first', () => {
  expect(markdownReport(results)).not.toContain('Unfinished');
  expect(markdownReport({ ...results, isComplete: false }).split('\n')[2]).toBe(
    '**Unfinished**: measurements are missing. The same command with `--resume` makes them.',
  );
});

describe('the name of the files', () => {
  it('says the day, the adapter and the browser', () => {
    expect(resultName(results)).toBe('2026-11-23-swiftshader-chromium');
  });

  it.each([
    ['without an adapter', undefined, '2026-11-23-no-adapter-chromium'],
    [
      'with an adapter that only has a description',
      { ...results.adapter!, vendor: '', architecture: '', description: 'llvmpipe (LLVM 15.0.6)' },
      '2026-11-23-llvmpipe-llvm-15-0-6-chromium',
    ],
    [
      'with an adapter that says nothing of itself',
      { ...results.adapter!, vendor: '', architecture: '', description: '' },
      '2026-11-23-unnamed-adapter-chromium',
    ],
  ])('is a plain one %s', (_, adapter, expected) => {
    expect(resultName({ ...results, adapter })).toBe(expected);
  });
});
