import { describe, expect, it } from 'vitest';

import { ConfigurationError } from '../../../src/errors.ts';
import {
  configureBench,
  parseNames,
  pythonOf,
  requireOnePlace,
  settingsOf,
  type BenchArguments,
} from '../../../src/cli/bench/configure.ts';
import { UsageError } from '../../../src/cli/errors.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

it.each([[['tiny,mid']], [['tiny', 'mid']], [['tiny,', 'mid']], [[' tiny , mid ']]])(
  '%j are two names',
  (words) => expect(parseNames(words)).toEqual(['tiny', 'mid']),
);

it('what is said is asked for, and nothing else', () => {
  expect(configureBench({}, undefined)).toEqual({});
  const all = { repeats: 5, seconds: 0.2, seed: 7, quick: true, peers: true };
  const names = { workloads: ['mid,xl'], backends: ['cpu', 'webgpu'] };
  expect(configureBench({ ...all, ...names }, undefined)).toEqual({
    workloads: ['mid', 'xl'],
    backends: ['cpu', 'webgpu'],
    repeats: 5,
    repeatSeconds: 0.2,
    seed: 7,
    quick: true,
    peers: ['tfjs-webgpu', 'tfjs-wasm', 'jax-webgpu', 'jax-wasm'],
  });
  // There, the other libraries are Python's alone, which are looked for later.
  expect(configureBench({ peers: true, runtime: 'node' }, undefined)).toEqual({ peers: [] });
});

it.each<[BenchArguments, string]>([
  [
    { workloads: ['tiny,tyni'] },
    "Unknown name 'tyni' in workloads. Known names: tiny, mid, large,",
  ],
  [{ workloads: ['tiny', 'tiny'] }, "got 'tiny, tiny'"],
  [{ backends: ['gpu'] }, "Unknown name 'gpu' in backends. Known names: cpu-1, cpu, webgpu."],
  [{ seconds: 0 }, '--seconds takes a number from 0.01 to 10, and 0 was given.'],
  [{ seconds: 60 }, '--seconds takes a number from 0.01 to 10, and 60 was given.'],
])('%j is refused before anything is started', (args, sentence) => {
  expect(() => configureBench(args, undefined)).toThrow(ConfigurationError);
  expect(() => configureBench(args, undefined)).toThrow(sentence);
});

describe('going on with a run', () => {
  const names = ['tiny', 'mid', 'large', 'xl', 'batch-1', 'batch-10', 'batch-1000'];
  const result = (workloads: readonly string[]) =>
    resultWith(makeBenchmarkResult(), ['settings', 'workloads'], workloads);
  const { backends, repeats, blocks, repeatSeconds, seed } = makeBenchmarkResult().settings;
  const common = { backends, peers: [], repeats, blocks, repeatSeconds, seed };

  it('of workloads by name names them again', () => {
    expect(settingsOf(result(['tiny', 'xl']))).toEqual({ ...common, workloads: ['tiny', 'xl'] });
  });

  it('that was a full one names none, or it would not train up to an accuracy', () => {
    // `huge` belongs to a full run on hardware only, and the made-up result's adapter is that.
    expect(settingsOf(result(['tiny', 'mid', 'large', 'xl', 'huge', ...names.slice(4)]))).toEqual(
      common,
    );
    expect(settingsOf(result(names))).toEqual({ ...common, workloads: names });
    const software = resultWith(result(names), ['environment', 'adapter', 'isSoftware'], true);
    expect(settingsOf(software)).toEqual(common);
  });

  it('beside other libraries has them beside it again', () => {
    const beside = resultWith(
      result(['tiny']),
      ['settings', 'backends'],
      ['cpu', 'jax-wasm', 'numpy'],
    );
    expect(settingsOf(beside)).toMatchObject({ backends: ['cpu'], peers: ['jax-wasm', 'numpy'] });
  });

  it('takes no other settings', () => {
    const args = { repeats: 3, quick: true };
    expect(() => configureBench(args, result(names))).toThrow(UsageError);
    expect(() => configureBench(args, result(names))).toThrow(
      '--resume goes on with the settings of its file, and --repeats and --quick was given as well.',
    );
  });
});

describe('a run is in one place', () => {
  it.each<[BenchArguments, string]>([
    [{ runtime: 'node', browser: 'firefox' }, 'Both --browser firefox and --runtime node'],
    [{ runtime: 'firefox', browser: 'chromium' }, 'Both --browser chromium and --runtime firefox'],
    [{ connect: 'ws://x', browser: '/bin/x' }, 'Both --connect ws://x and --browser /bin/x'],
    [{ connect: 'ws://x', runtime: 'node' }, 'Both --connect ws://x and --runtime node'],
    [{ connect: 'ws://x', runtime: 'chromium' }, 'Both --connect ws://x and --runtime chromium'],
    [
      { peers: true, runtime: 'auto' },
      '--peers was given, and some of the other libraries run in browsers alone',
    ],
    [
      { peers: true, runtime: 'node', python: false },
      '--peers was given, and in Node the other libraries are those of Python',
    ],
    [
      { python: '/opt/python3' },
      '--python /opt/python3 says where PyTorch and NumPy are, and no --peers was given',
    ],
    [{ host: 'box' }, '--host box says where a browser on another machine finds the page'],
    [{ port: 8377 }, '--port 8377 says where a browser on another machine finds the page'],
  ])('not in two: %j', (args, sentence) => {
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
  ])('in this one: %j', (args) => {
    expect(() => requireOnePlace(args)).not.toThrow();
  });
});

it.each<[BenchArguments, string | false]>([
  [{}, 'python3'],
  [{ python: '/opt/python3' }, '/opt/python3'],
  [{ python: false }, false],
  // That browser may be on another machine, and Python is on this one.
  [{ connect: 'ws://x' }, false],
  [{ connect: 'ws://x', python: '/opt/python3' }, '/opt/python3'],
])('the Python of %j is %j', (args, expected) => {
  expect(pythonOf(args)).toBe(expected);
});
