import * as v from 'valibot';
import { beforeAll, describe, expect, test } from 'vitest';

import type { BenchmarkEvent } from '../../src/benchmark/events.ts';
import { decodeLink, encodeLink } from '../../src/benchmark/result/link.ts';
import { resultSchema, type BenchmarkResult } from '../../src/benchmark/result/schema.ts';
import { LocalLab } from '../../src/benchmark/lab.ts';
import { runBenchmark, type BenchmarkOptions } from '../../src/benchmark/runBenchmark.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { ConfigurationError, NoAdapterError } from '../../src/errors.ts';
import { testGpu } from '../setup/adapter.ts';
import { breakGpu } from '../support/brokenGpu.ts';
import { failureOf } from '../support/failure.ts';

const data = digits({ trainingCount: 1000, testCount: 200 });
const hostEnvironment = {
  runtime: 'node',
  name: 'a test',
  system: 'some system',
  threads: 2,
  isIsolated: true,
} as const;

interface RunOptions extends Partial<BenchmarkOptions> {
  readonly gpu?: GPU;
}

async function run({ gpu, ...options }: RunOptions = {}): Promise<BenchmarkResult> {
  const adapters = gpu ?? (await testGpu());
  const { hidden } = options;
  return await runBenchmark({
    ...data,
    hostEnvironment,
    nudge: { version: '1.2.3' },
    openLab: () => Promise.resolve(new LocalLab({ ...data, gpu: adapters, hidden })),
    workloads: ['tiny'],
    repeats: 2,
    blocks: 1,
    repeatSeconds: 0.02,
    // Other tests run beside.
    waitSeconds: 0,
    ...options,
  });
}

const noGpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;

describe('a run of two workloads on all backends', () => {
  const events: BenchmarkEvent[] = [];
  let result: BenchmarkResult;

  beforeAll(async () => {
    const onEvent = (event: BenchmarkEvent) => void events.push(event);
    result = await run({ workloads: ['tiny', 'batch-1000'], blocks: 2, onEvent });
  });

  test('gives what the schema says, and survives JSON', () => {
    expect(v.safeParse(resultSchema, JSON.parse(JSON.stringify(result))).issues).toBeUndefined();
  });

  test('has no digit that its link would lose', async () => {
    const linked = await decodeLink(await encodeLink(result));
    expect(linked.scores).toEqual(result.scores);
    const times = ({ workloads }: BenchmarkResult) =>
      workloads.map(({ series }) => series.map(({ samplesPerSecond }) => samplesPerSecond));
    expect(times(linked)).toEqual(times(result));
  });

  test('times every backend as often, and finds the GPU’s results right', () => {
    expect(result.workloads.map(({ name }) => name)).toEqual(['tiny', 'batch-1000']);
    for (const { series, verification, ratios } of result.workloads) {
      expect(series.map(({ backend }) => backend)).toEqual(['cpu-1', 'cpu', 'webgpu']);
      for (const { samplesPerSecond, finalCost, curve } of series) {
        expect(samplesPerSecond).toHaveLength(2);
        expect(finalCost).toBeLessThan(curve[0]!.cost);
      }
      expect(verification).toMatchObject({ isVerified: true });
      expect(verification!.tensors.map(({ name }) => name)).toContain('layers.0.weight');
      expect(verification!.stepsCompared).toBeGreaterThan(0);
      expect(ratios.map(({ of, over }) => `${of}/${over}`)).toEqual([
        'webgpu/cpu',
        'webgpu/cpu-1',
        'cpu/cpu-1',
      ]);
    }
  });

  test('scores what it ran, as far as the ladder goes', () => {
    expect(result.scores.map(({ backend }) => backend)).toEqual(['cpu-1', 'cpu', 'webgpu']);
    for (const score of result.scores) {
      expect(score).toMatchObject({ workloads: ['tiny'], isComplete: false });
    }
  });

  test('measures the adapter, and says how near its limit each workload came', () => {
    expect(result.limits!.flopPerSecond).toBeGreaterThan(1e6);
    expect(result.environment.features.length).toBeGreaterThan(0);
    expect(result.environment.limits.maxBufferSize).toBeGreaterThan(2 ** 20);
    for (const { series } of result.workloads) {
      expect(series.map(({ limit }) => limit !== undefined)).toEqual([false, false, true]);
    }
  });

  test('takes the backends of a round in an order of its own', () => {
    const order = events.flatMap((event) => (event.type === 'repeat' ? [event.backend] : []));
    const rounds = order.flatMap((_, n) => (n % 3 === 0 ? [order.slice(n, n + 3)] : []));
    // Two of each workload, and more where others disturbed them.
    expect(rounds.length).toBeGreaterThanOrEqual(4);
    for (const backends of rounds) expect(backends.toSorted()).toEqual(['cpu', 'cpu-1', 'webgpu']);
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(1);
  });

  test('tells how far it is, never less than before', () => {
    const done = events.flatMap((event) => (event.type === 'phase' ? [event.done] : []));
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBeLessThanOrEqual(1);
  });
});

describe('a run whose GPU computes something else', () => {
  test('has no score of the GPU, and names the tensor', async () => {
    const wrong = (code: string) => code.replace('let g = gradient;', 'let g = 1.01 * gradient;');
    const { gpu, broken } = breakGpu(await testGpu(), wrong);
    const result = await run({ gpu, backends: ['cpu', 'webgpu'] });
    expect(broken()).toBeGreaterThan(0);
    const [flag] = result.flags.filter(({ kind }) => kind === 'not-verified');
    expect(flag).toMatchObject({ isVoid: true, workload: 'tiny', backend: 'webgpu' });
    expect(flag!.message).toMatch(/the error of the gradient of layers\.\d\.weight is/);
    expect(result.workloads[0]!.verification).toMatchObject({ isVerified: false });
    expect(result.scores.map(({ backend }) => backend)).toEqual(['cpu']);
  });

  test('is found out by its cost where the first gradient is right', async () => {
    const lazy = (code: string) =>
      code.replace('w - rate.x * direction', 'w - 0.5 * rate.x * direction');
    const { gpu, broken } = breakGpu(await testGpu(), lazy);
    const result = await run({ gpu, backends: ['webgpu'] });
    expect(broken()).toBeGreaterThan(0);
    const { verification } = result.workloads[0]!;
    expect(verification!.worst).toBeLessThanOrEqual(1);
    expect(verification!.costDrift).toBeGreaterThan(verification!.maxDrift);
    expect(result.flags.map(({ kind }) => kind)).toContain('not-verified');
    expect(result.scores).toEqual([]);
  });
});

describe('a run that is stopped', () => {
  test('keeps what is finished, without a score, and can be gone on with', async () => {
    const stop = new AbortController();
    const settings: RunOptions = {
      ...{ workloads: ['tiny', 'batch-1000'], backends: ['cpu-1'], repeats: 3, blocks: 2 },
    };
    const first = await run({
      ...settings,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'phase' && event.workload === 'batch-1000') stop.abort();
      },
    });
    expect(first.workloads.map(({ name }) => name)).toEqual(['tiny']);
    expect(first.flags).toContainEqual({
      kind: 'stopped',
      message: 'The run was stopped in block 1 of 2.',
      isVoid: true,
    });
    expect(first.scores).toEqual([]);

    const whole = await run({ ...settings, resume: first });
    const ratesOf = ({ workloads: [tiny] }: BenchmarkResult) =>
      tiny!.series.map(({ samplesPerSecond }) => samplesPerSecond.slice(0, 2));
    expect(ratesOf(whole)).toEqual(ratesOf(first));
    for (const { series } of whole.workloads) {
      for (const { samplesPerSecond } of series) expect(samplesPerSecond).toHaveLength(3);
    }
    expect(whole.workloads.map(({ name }) => name)).toEqual(settings.workloads);
    expect(whole.flags.map(({ kind }) => kind)).not.toContain('stopped');
    expect(whole.scores).toHaveLength(1);
    expect(whole.startedAt).toBe(first.startedAt);
    expect(whole.seconds).toBeGreaterThan(first.seconds);

    const other = run({ ...settings, seed: 2, resume: first });
    const error = await failureOf(other, ConfigurationError);
    expect(error.message).toContain('had other settings');
  });
});

test.each([
  [0, false],
  [0.001, true],
])('a run that may wait %d s for other programs looks for them: %s', async (waitSeconds, looks) => {
  const lab = new LocalLab({ ...data, gpu: noGpu });
  lab.watch = () => Promise.resolve([{ beatSeconds: 4e-4, taken: 0.5 }]);
  const openLab = () => Promise.resolve(lab);
  const { flags } = await run({ backends: ['cpu-1'], waitSeconds, openLab });
  const sentence = 'Other programs took 50 % of the processor before the run, which waited 0 s';
  expect(flags.some(({ message }) => message.startsWith(sentence))).toBe(looks);
});

test('a page that was hidden voids all scores', async () => {
  const hidden = new AbortController();
  const result = await run({
    backends: ['cpu'],
    hidden: hidden.signal,
    onEvent: ({ type }) => {
      if (type === 'repeat') hidden.abort();
    },
  });
  expect(result.flags).toContainEqual(expect.objectContaining({ kind: 'hidden', isVoid: true }));
  expect(result.workloads).toHaveLength(1);
  expect(result.scores).toEqual([]);
});

describe('where there is no GPU', () => {
  test('the CPU runs alone, and the result says why', async () => {
    const result = await run({ gpu: noGpu });
    expect(result.workloads[0]!.series.map(({ backend }) => backend)).toEqual(['cpu-1', 'cpu']);
    expect(result.environment.noAdapter).toContain('no adapter');
    expect(result.environment.adapter).toBeUndefined();
    expect(result.workloads[0]!.verification).toBeUndefined();
    expect(result.scores.map(({ backend }) => backend)).toEqual(['cpu-1', 'cpu']);
  });

  test('a run of the GPU alone is refused', async () => {
    await failureOf(run({ gpu: noGpu, backends: ['webgpu'] }), NoAdapterError);
  });
});

test('a device that is lost on the way voids the GPU’s score, and the next workload has another', async () => {
  const gpu = await testGpu();
  let device: GPUDevice | undefined;
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = await gpu.requestAdapter(options);
    const request = adapter!.requestDevice.bind(adapter);
    Object.defineProperty(adapter, 'requestDevice', {
      value: async (descriptor?: GPUDeviceDescriptor) => (device = await request(descriptor)),
    });
    return adapter;
  };
  const result = await run({
    gpu: { requestAdapter } as GPU,
    workloads: ['tiny', 'batch-1000'],
    backends: ['cpu-1', 'webgpu'],
    onEvent: (event) => {
      if (event.type === 'repeat' && event.round === 1 && event.workload === 'tiny')
        device!.destroy();
    },
  });
  expect(result.flags).toContainEqual(
    expect.objectContaining({ kind: 'device-lost', isVoid: true, backend: 'webgpu' }),
  );
  expect(result.workloads.map(({ series }) => series.map(({ backend }) => backend))).toEqual([
    ['cpu-1'],
    ['cpu-1', 'webgpu'],
  ]);
  expect(result.scores.map(({ backend }) => backend)).toEqual(['cpu-1']);
});
