/** A whole benchmark result, as a laptop could have made it: made up, plausible, and the same every time. */
import type {
  BenchmarkResult,
  OwnBackendName,
  Series,
  TimeToAccuracy,
  WorkloadResult,
} from '../../src/benchmark/result/schema.ts';
import { scoreOf } from '../../src/benchmark/score.ts';
import {
  blockMedians,
  blockSizes,
  estimate as estimateBlocks,
  estimatePairedRatio,
} from '../../src/benchmark/statistics.ts';
import { findWorkload } from '../../src/benchmark/workloads.ts';
import { Random } from '../../src/network/random.ts';

export interface MadeResult {
  /** Of the noise. Default 1. */
  readonly seed?: number;
  /** How many times as fast the backends are as they would be. Default 1. */
  readonly factors?: Partial<Record<OwnBackendName, number>>;
  /** Default 10. */
  readonly repeats?: number;
  /** Default 5, or as many as there are repeats. */
  readonly blocks?: number;
  /** Of each curve. Default 40. */
  readonly curvePoints?: number;
  /** Default: four of the ladder, and mini-batches of one sample. */
  readonly workloads?: readonly (keyof typeof rates)[];
}

/** Samples/s of each backend at factor 1. */
const rates = {
  tiny: { 'cpu-1': 612_000, cpu: 745_000, webgpu: 381_000 },
  mid: { 'cpu-1': 171_000, cpu: 296_000, webgpu: 334_000 },
  large: { 'cpu-1': 13_200, cpu: 24_300, webgpu: 142_000 },
  xl: { 'cpu-1': 4_510, cpu: 8_400, webgpu: 77_400 },
  huge: { 'cpu-1': 290, cpu: 540, webgpu: 9_120 },
  'batch-1': { 'cpu-1': 98_000, cpu: 97_500, webgpu: 7_300 },
  'batch-10': { 'cpu-1': 305_000, cpu: 301_000, webgpu: 61_000 },
  'batch-1000': { 'cpu-1': 703_000, cpu: 1_180_000, webgpu: 1_450_000 },
} as const;

const backends = ['cpu-1', 'cpu', 'webgpu'] as const;

const timesToAccuracy: readonly TimeToAccuracy[] = [
  { workload: 'mid', backend: 'cpu', target: 0.95, seconds: 0.41, steps: 938, accuracy: 0.9783 },
  { workload: 'mid', backend: 'webgpu', target: 0.97, steps: 4690, accuracy: 0.9691 },
];

export function makeBenchmarkResult(made: MadeResult = {}): BenchmarkResult {
  const { repeats = 10 } = made;
  const blocks = made.blocks ?? Math.min(5, repeats);
  const names = made.workloads ?? (['tiny', 'mid', 'large', 'xl', 'batch-1'] as const);
  const random = new Random(made.seed ?? 1, 1000);
  const workloads = names.map((name) => makeWorkload(name, made, random));
  return {
    format: 'nudge-benchmark',
    version: 3,
    nudge: { version: '0.1.0', commit: '50224db' },
    startedAt: '2026-11-26T09:30:00.000Z',
    seconds: 118.4,
    settings: {
      workloads: [...names],
      backends: [...backends],
      repeats,
      blocks,
      repeatSeconds: 0.3,
      seed: 1,
    },
    data: {
      name: 'MNIST',
      sha256: 'c0ffee'.repeat(10) + '0123',
      trainingCount: 60_000,
      testCount: 10_000,
    },
    environment: {
      runtime: 'browser',
      name: 'Chromium 156',
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36',
      system: 'Linux x86_64',
      threads: 8,
      isIsolated: true,
      timerResolution: 5e-6,
      battery: { isCharging: true, level: 0.83 },
      adapter: {
        vendor: 'acme',
        architecture: 'roadrunner-2',
        description: 'ACME Roadrunner 2060',
        isSoftware: false,
        subgroupSize: 32,
      },
      features: ['shader-f16', 'subgroups', 'timestamp-query'],
      limits: {
        maxBufferSize: 4_294_967_296,
        maxComputeInvocationsPerWorkgroup: 1024,
        maxComputeWorkgroupStorageSize: 49_152,
        maxComputeWorkgroupsPerDimension: 65_535,
        maxStorageBufferBindingSize: 2_147_483_644,
        maxStorageBuffersPerShaderStage: 16,
      },
    },
    limits: {
      flopPerSecond: 5.1e12,
      readBytesPerSecond: 1.9e11,
      copyBytesPerSecond: 1.7e11,
      cachedBytesPerSecond: 9e11,
      dispatchSeconds: 2.4e-6,
      encodeSeconds: 1.1e-6,
      submitSeconds: 2.8e-5,
      readbackSeconds: 1.6e-4,
    },
    blocks: Array.from({ length: blocks }, (_, block) => ({
      seconds: 20 * block,
      beatSeconds: 0.0004,
      taken: 0.02,
    })),
    workloads,
    timesToAccuracy: timesToAccuracy.filter(({ workload }) =>
      names.some((name) => name === workload),
    ),
    crossover: { kind: 'between', parameters: 86_400 },
    flags: [
      {
        kind: 'not-steady',
        message: `${names[0]!} on the CPU had not become steady when the time for warming up was over.`,
        isVoid: false,
        workload: names[0]!,
        backend: 'cpu',
      },
    ],
    scores: backends.flatMap(
      (backend) => scoreOf(backend, workloads, false, blockSizes(repeats, blocks)) ?? [],
    ),
  };
}

function makeWorkload(
  name: keyof typeof rates,
  { factors, repeats = 10, blocks = Math.min(5, repeats), curvePoints = 40 }: MadeResult,
  random: Random,
): WorkloadResult {
  const { network, batchSize, learningRate } = findWorkload(name)!;
  const { layers, output, cost } = network;
  const activation = String(network.activation);
  const series = backends.map((backend) =>
    makeSeries(
      backend,
      Array.from(
        { length: repeats },
        () => rates[name][backend] * (factors?.[backend] ?? 1) * Math.exp(0.02 * random.normal()),
      ),
      curvePoints,
      batchSize,
      blockSizes(repeats, blocks),
    ),
  );
  const [one, cpu, webgpu] = series.map(({ samplesPerSecond }) =>
    blockMedians(samplesPerSecond, blockSizes(repeats, blocks)),
  );
  const tensors = layers
    .slice(1)
    .flatMap((_, l) => [`layers.${l}.weight`, `layers.${l}.bias`])
    .map((tensor) => ({ name: tensor, worst: 0.05 + 0.3 * random.uniform() }));
  return {
    name,
    layers: [...layers],
    activation: activation,
    output: output ?? 'sigmoid',
    cost: cost ?? 'squared-error',
    batchSize,
    learningRate,
    parameterCount: layers.slice(1).reduce((sum, size, l) => sum + size * (layers[l]! + 1), 0),
    series,
    ratios: [
      { of: 'webgpu', over: 'cpu', ...estimatePairedRatio(webgpu!, cpu!) },
      { of: 'webgpu', over: 'cpu-1', ...estimatePairedRatio(webgpu!, one!) },
      { of: 'cpu', over: 'cpu-1', ...estimatePairedRatio(cpu!, one!) },
    ],
    verification: {
      isVerified: true,
      samples: 100,
      tensors,
      worst: Math.max(...tensors.map(({ worst }) => worst)),
      costDrift: 0.0007,
      maxDrift: 0.02,
      stepsCompared: 600,
    },
  };
}

function makeSeries(
  backend: OwnBackendName,
  samplesPerSecond: readonly number[],
  curvePoints: number,
  batchSize: number,
  sizes: readonly number[],
): Series {
  const estimate = estimateBlocks(blockMedians(samplesPerSecond, sizes));
  const stepsPerRepeat = Math.ceil((0.3 * estimate.middle) / batchSize);
  const curve = Array.from({ length: curvePoints }, (_, n) => ({
    step: (n + 1) * stepsPerRepeat,
    seconds: ((n + 1) * stepsPerRepeat * batchSize) / estimate.middle,
    cost: 0.08 + 2.2 / (1 + 0.7 * (n + 1)),
    accuracy: 0.98 - 0.88 / (2 + n),
  }));
  const isGpu = backend === 'webgpu';
  return {
    backend,
    ...(isGpu
      ? { plan: 'tiles of 4×4, forward and update shared', dispatchesPerStep: 7 }
      : { threads: sizes.map(() => (backend === 'cpu' ? 8 : 1)) }),
    compileSeconds: isGpu ? 0.142 : 0.004,
    uploadSeconds: isGpu ? 0.061 : 0.019,
    warmUp: { seconds: 0.71, isSteady: true },
    stepsPerRepeat,
    samplesPerSecond: [...samplesPerSecond],
    estimate,
    evaluateSeconds: 0.012,
    finalCost: curve.at(-1)?.cost ?? 0.1,
    curve,
    ...(isGpu && {
      limit: { bound: 'dispatch', fraction: 0.92, flopPerStep: 7.9e6, bytesPerStep: 417_000 },
    }),
  };
}
