import { describe, expect, it } from 'vitest';

import {
  describeDiagnosis,
  describeLimits,
  describeMissing,
  hasAdapter,
} from '../../../src/cli/doctor/describe.ts';
import { isRecentEnough, type Diagnosis } from '../../../src/cli/doctor/examine.ts';
import { roundLimits } from '../../support/measuredLimits.ts';

const hardware = {
  vendor: 'acme',
  architecture: 'one',
  description: 'Acme One',
  isSoftware: false,
  subgroupSize: 32,
  features: ['depth-clip-control', 'timestamp-query'],
  limits: { maxBufferSize: 1073741824 },
};
const chrome = {
  kind: 'chromium',
  name: 'Google Chrome',
  executablePath: '/opt/chrome',
  source: 'installed',
  environment: {},
} as const;
const firefox = {
  ...chrome,
  kind: 'firefox',
  name: 'Firefox',
  executablePath: '/opt/firefox',
} as const;

const complete: Diagnosis = {
  nudge: '0.1.0',
  node: { version: 'v22.0.0', isRecentEnough: true },
  system: { platform: 'linux 6 x64', cpu: 'A CPU', cores: 8, memoryBytes: 2 ** 34 },
  dawn: { version: '0.6.2', adapter: hardware, problem: null },
  browsers: [
    {
      kind: 'chromium',
      version: 'Chrome/150',
      used: chrome,
      found: [chrome],
      passedOver: [],
      adapter: hardware,
      problem: null,
    },
    {
      kind: 'firefox',
      version: 'firefox/150',
      used: firefox,
      found: [firefox],
      passedOver: [],
      adapter: hardware,
      problem: null,
    },
  ],
  mnist: { folder: '/data/mnist', isThere: true },
};

it('a complete machine misses nothing', () => {
  const lines = describeDiagnosis(complete);
  expect(lines.at(-1)).toBe('Nothing is missing.');
  const text = lines.join('\n');
  for (const fact of [
    'CPU     A CPU, 8 cores, 16 GiB memory',
    'MNIST   /data/mnist',
    'Node (Dawn, package webgpu 0.6.2)',
    '  adapter: acme one, Acme One (hardware)',
    '  features: timestamp-query, no subgroups, no shader-f16, and 1 others',
    'Chromium (Chrome/150, Google Chrome at /opt/chrome (installed))',
  ]) {
    expect(text).toContain(fact);
  }
  expect(text).toMatch(/maxBufferSize +1,073,741,824/);
  expect(hasAdapter(complete)).toBe(true);
});

describe('a missing part is named with the way to get it', () => {
  const missing = (change: Partial<Diagnosis>) => describeMissing({ ...complete, ...change });

  it('Node', () => {
    expect(missing({ node: { version: 'v18.1.0', isRecentEnough: false } })).toEqual([
      'Node 20.19 or later; this is v18.1.0. Get it from https://nodejs.org.',
    ]);
  });

  it('a GPU, if every adapter is software', () => {
    const software = { ...hardware, isSoftware: true };
    const lines = missing({
      dawn: { ...complete.dawn, adapter: software },
      browsers: complete.browsers.map((browser) => ({ ...browser, adapter: software })),
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^A GPU: .* install its driver/);
  });

  it('any adapter, the package, browsers and MNIST', () => {
    const nothing = {
      version: null,
      used: null,
      found: [],
      passedOver: [],
      adapter: null,
      problem: null,
    };
    const bare: Diagnosis = {
      ...complete,
      dawn: { version: null, adapter: null, problem: "Run 'npm install webgpu'." },
      browsers: [
        { kind: 'chromium', ...nothing },
        { kind: 'firefox', ...nothing },
      ],
      mnist: { folder: '/data/mnist', isThere: false },
    };
    expect(hasAdapter(bare)).toBe(false);
    expect(describeMissing(bare).map((line) => /^[^:(,]+/.exec(line)![0].trim())).toEqual([
      'A WebGPU adapter',
      'WebGPU in Node',
      'A Chromium browser',
      'Firefox',
      'MNIST',
    ]);
    const text = describeDiagnosis(bare).join('\n');
    expect(text).toContain("  no adapter: Run 'npm install webgpu'.");
    expect(text).toContain('Chromium: not found');
    expect(text).toContain('MNIST   not in /data/mnist');
  });
});

it('Node is recent enough from 20.19 on', () => {
  expect(
    ['18.20.0', '20.18.3', '20.19.0', '20.20.2', '22.0.0', '26.1.0'].map(isRecentEnough),
  ).toEqual([false, false, true, true, true, true]);
});

it('measured speeds are a table with units, spreads and remarks', () => {
  const { arithmetic, latency } = roundLimits;
  const limits = {
    ...roundLimits,
    arithmetic: { ...arithmetic, value: 51_234e9 },
    latency: { ...latency, encode: { value: 0.25e-6, spread: 0, rounds: 1 } },
  };
  expect(describeLimits(limits)).toEqual([
    '  measured in 2.0 s:',
    '    multiply-adds  51,234  GFLOP/s  ± 5 %  8 × f32, workgroups of 64',
    '    memory, read     1.00  GB/s     ± 5 %  128 MiB',
    '    memory, copy    0.500  GB/s     ± 5 %  counts both read and write',
    '    caches, read     10.0  GB/s     ± 5 %  1 KiB',
    '    dispatch         10.0  µs       ± 5 %  waits for the one before',
    '    encoding it     0.250  µs              CPU time',
    '    submit           50.0  µs       ± 5 %  CPU time',
    '    read-back       1,000  µs       ± 5 %  from submit to mapped',
  ]);
});

it('a read-back with empty submits is listed if it was measured', () => {
  const pokedReadback = { value: 1.4e-3, spread: 0.2, rounds: 9 };
  const latency = { ...roundLimits.latency, pokedReadback };
  expect(describeLimits({ ...roundLimits, latency }).at(-1)).toBe(
    '    read-back      1,400  µs       ± 10 %  with empty submits meanwhile',
  );
});
