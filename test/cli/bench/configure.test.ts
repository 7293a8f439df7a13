import { describe, expect, it } from 'vitest';

import { ConfigurationError } from '../../../src/errors.ts';
import {
  configureBench,
  pythonOf,
  requireOnePlace,
  settingsOf,
  type BenchArguments,
} from '../../../src/cli/bench/configure.ts';
import { UsageError } from '../../../src/cli/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

it('the settings contain what the options say, and nothing else', () => {
  expect(configureBench({}, undefined)).toEqual({});
  const all = { repeats: 5, seconds: 0.2, seed: 7, quick: true, peers: true };
  const names = { workloads: ['mid', 'xl'], backends: ['cpu', 'webgpu'] };
  expect(configureBench({ ...all, ...names }, undefined)).toEqual({
    workloads: ['mid', 'xl'],
    backends: ['cpu', 'webgpu'],
    repeats: 5,
    repeatSeconds: 0.2,
    seed: 7,
    quick: true,
    peers: ['tfjs-webgpu', 'tfjs-wasm', 'jax-webgpu', 'jax-wasm'],
  });
  // In Node the other libraries are Python's, which are looked for later.
  expect(configureBench({ peers: true, runtime: 'node' }, undefined)).toEqual({ peers: [] });
});

it.each<[BenchArguments, string]>([
  [
    { workloads: ['tiny', 'tyni'] },
    "Unknown name 'tyni' in workloads. Known names: tiny, mid, large,",
  ],
  [{ workloads: ['tiny', 'tiny'] }, "got 'tiny, tiny'"],
  [{ backends: ['gpu'] }, "Unknown name 'gpu' in backends. Known names: cpu-1, cpu, webgpu."],
])('%j is refused before anything is started', (args, sentence) => {
  expect(() => configureBench(args, undefined)).toThrow(ConfigurationError);
  expect(() => configureBench(args, undefined)).toThrow(sentence);
});

describe('a resumed run', () => {
  const names = ['tiny', 'mid', 'large', 'xl', 'batch-1', 'batch-10', 'batch-1000'];
  const result = (workloads: readonly string[]) =>
    resultWith(makeBenchmarkResult(), ['settings', 'workloads'], workloads);
  const { backends, repeats, blocks, repeatSeconds, seed } = makeBenchmarkResult().settings;
  const common = { backends, peers: [], repeats, blocks, repeatSeconds, seed };

  it('of named workloads names them again', () => {
    expect(settingsOf(result(['tiny', 'xl']))).toEqual({ ...common, workloads: ['tiny', 'xl'] });
  });

  it('of all workloads names none, so that it trains up to an accuracy', () => {
    // A full run has `huge` on hardware only. The example's adapter is hardware.
    expect(settingsOf(result(['tiny', 'mid', 'large', 'xl', 'huge', ...names.slice(4)]))).toEqual(
      common,
    );
    expect(settingsOf(result(names))).toEqual({ ...common, workloads: names });
    const software = resultWith(result(names), ['environment', 'adapter', 'isSoftware'], true);
    expect(settingsOf(software)).toEqual(common);
  });

  it('with other libraries measures them again', () => {
    const beside = resultWith(
      result(['tiny']),
      ['settings', 'backends'],
      ['cpu', 'jax-wasm', 'numpy'],
    );
    expect(settingsOf(beside)).toMatchObject({ backends: ['cpu'], peers: ['jax-wasm', 'numpy'] });
  });

  it('can change the wait alone', () => {
    expect(configureBench({ wait: 3 }, result(names))).toEqual({
      ...settingsOf(result(names)),
      waitSeconds: 3,
    });
  });
});

describe('the place of a run', () => {
  it.each<[BenchArguments, string]>([
    [{ runtime: 'node', browser: 'firefox' }, 'got --browser firefox and --runtime node'],
    [{ runtime: 'firefox', browser: 'chromium' }, 'got --browser chromium and --runtime firefox'],
    [{ connect: 'ws://x', browser: '/bin/x' }, 'got --connect ws://x and --browser /bin/x'],
    [{ connect: 'ws://x', runtime: 'node' }, 'got --connect ws://x and --runtime node'],
    [{ connect: 'ws://x', runtime: 'chromium' }, 'got --connect ws://x and --runtime chromium'],
    [{ peers: true, runtime: 'auto' }, '--peers needs a known runtime'],
    [
      { peers: true, runtime: 'node', python: false },
      '--peers with --runtime node and --no-python leaves no library',
    ],
    [{ python: '/opt/python3' }, '--python /opt/python3 needs --peers'],
    [{ host: 'box' }, '--host needs --connect'],
    [{ port: 8377 }, '--port needs --connect'],
  ])('is refused: %j', (args, sentence) => {
    expect(() => requireOnePlace(args)).toThrow(UsageError);
    expect(() => requireOnePlace(args)).toThrow(sentence);
  });

  it.each<[BenchArguments]>([
    [{}],
    [{ runtime: 'auto' }],
    [{ runtime: 'node' }],
    [{ peers: true, runtime: 'node' }],
    [{ python: '/opt/python3', resume: 'bench.json' }],
    [{ browser: '/bin/x' }],
    [{ runtime: 'firefox', browser: 'firefox' }],
    [{ runtime: 'chromium', browser: '/opt/chrome' }],
    [{ runtime: 'auto', connect: 'ws://x', host: 'box', port: 8377 }],
  ])('is accepted: %j', (args) => {
    expect(() => requireOnePlace(args)).not.toThrow();
  });
});

it.each<[BenchArguments, string | false]>([
  [{}, 'python3'],
  [{ python: '/opt/python3' }, '/opt/python3'],
  [{ python: false }, false],
  // That browser may be on another machine; Python is on this one.
  [{ connect: 'ws://x' }, false],
  [{ connect: 'ws://x', python: '/opt/python3' }, '/opt/python3'],
])('the Python of %j is %j', (args, expected) => {
  expect(pythonOf(args)).toBe(expected);
});
