/**
 * The shape of a benchmark result. The TypeScript types, the check of files and links, and the published JSON Schema
 * (`docs/benchmark-result.schema.json`) all derive from it.
 *
 * Rates are in samples per second, times in seconds, memory in bytes.
 */
import * as v from 'valibot';

import { ownBackends, backends } from './backends.ts';

export {
  ownBackends,
  backends,
  type OwnBackendName,
  type PeerName,
  type BackendName,
} from './backends.ts';

/**
 * Version of the format. Raise it when an old reader would misread a new file. Version 1 had no blocks; version 2
 * named four fields `side`, `sides`, `marks` and `mostDrift`. read.ts still reads both.
 */
export const formatVersion = 3;

export const maxBlocks = 100;

// Results come from links and from other people's files, so every text and list has a maximum length.
const text = v.pipe(v.string(), v.maxLength(500));
const longText = v.pipe(v.string(), v.maxLength(4000));
const number = v.pipe(v.number(), v.finite());
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const notNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const backendName = v.picklist(backends);
const list = <const Item extends v.GenericSchema>(item: Item, max: number) =>
  v.pipe(v.array(item), v.maxLength(max), v.readonly());
const object = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(v.strictObject(entries), v.readonly());

/** The median over the blocks and its 95 % interval; see statistics.ts. */
const estimateEntries = { middle: positive, low: positive, high: positive };
const estimate = object(estimateEntries);

const environment = object({
  runtime: v.picklist(['browser', 'node']),
  /** 'Chromium 156', 'Firefox 153', 'Node 20.20.2 with webgpu 0.6.2'. */
  name: text,
  userAgent: v.optional(longText),
  /** 'Linux x86_64'. */
  system: text,
  /** Logical processors that the runtime reports. */
  threads: count,
  isIsolated: v.boolean(),
  /** Smallest observed step of `performance.now()`, in seconds. */
  timerResolution: notNegative,
  battery: v.optional(object({ isCharging: v.boolean(), level: share })),
  adapter: v.optional(
    object({
      vendor: text,
      architecture: text,
      description: text,
      /** Whether the adapter computes on the CPU. */
      isSoftware: v.boolean(),
      subgroupSize: count,
    }),
  ),
  /** Why there is no GPU, in a sentence. */
  noAdapter: v.optional(longText),
  features: list(text, 200),
  limits: v.pipe(v.record(text, number), v.readonly()),
});

/** Measured limits of the adapter; see `probeAdapter`. */
const limits = object({
  flopPerSecond: positive,
  readBytesPerSecond: positive,
  copyBytesPerSecond: positive,
  cachedBytesPerSecond: positive,
  dispatchSeconds: notNegative,
  encodeSeconds: notNegative,
  submitSeconds: notNegative,
  readbackSeconds: notNegative,
});

/** Mean cost and accuracy over the steps since the previous point. */
const point = object({ step: count, seconds: notNegative, cost: number, accuracy: share });

/** One backend on one workload. */
const series = object({
  backend: backendName,
  /** The execution plan in words. */
  plan: v.optional(longText),
  /** Threads of the CPU engine, by block. */
  threads: v.optional(list(count, maxBlocks)),
  dispatchesPerStep: v.optional(notNegative),
  compileSeconds: notNegative,
  /** Upload of the training set. */
  uploadSeconds: notNegative,
  warmUp: object({ seconds: notNegative, isSteady: v.boolean() }),
  stepsPerRepeat: count,
  /** By repeat, block after block; see `blockSizes`. */
  samplesPerSecond: list(positive, 1000),
  estimate,
  /** One evaluation of the test set. */
  evaluateSeconds: v.optional(notNegative),
  /** After the last repeat of the first block. */
  finalCost: number,
  /** Learning curve of the first block. */
  curve: list(point, 2000),
  /**
   * The share of the adapter's own limit that was reached, and the part that takes at least half of a step; 'none' if no
   * part does.
   */
  limit: v.optional(
    object({
      bound: v.picklist(['compute', 'memory', 'dispatch', 'host', 'none']),
      fraction: positive,
      flopPerStep: positive,
      bytesPerStep: positive,
    }),
  ),
});

/** The GPU's results compared with the float64 reference. */
const verification = object({
  isVerified: v.boolean(),
  /** Samples of the mini-batch whose gradient was compared. */
  samples: count,
  /** Largest error of an element by tensor, relative to the tolerance; 1 or less passes. */
  tensors: list(object({ name: text, worst: notNegative }), 100),
  worst: notNegative,
  /**
   * Largest difference between the mean costs of the timed run and of the CPU over the same steps, relative to the
   * untrained network's cost; `maxDrift` or less passes.
   */
  costDrift: notNegative,
  maxDrift: positive,
  stepsCompared: count,
});

const workload = object({
  name: text,
  layers: list(count, 20),
  activation: text,
  output: text,
  cost: text,
  batchSize: count,
  learningRate: positive,
  parameterCount: count,
  series: list(series, backends.length),
  /** Speed of `of` relative to `over`, from the blocks in which both ran. */
  ratios: list(object({ of: backendName, over: backendName, ...estimateEntries }), 50),
  /** Missing if no GPU ran. */
  verification: v.optional(verification),
});

/** The processor during one block; `beatSeconds` and `taken` are missing where they could not be measured. */
const block = object({
  /** Start of the block, relative to the start of the run. */
  seconds: notNegative,
  /** Median time of a fixed piece of arithmetic without interruptions. */
  beatSeconds: v.optional(positive),
  /** Mean share of the processor that other programs took. */
  taken: v.optional(share),
});

/** A reason why a run counts less. */
const flag = object({
  kind: v.picklist([
    'hidden',
    'busy',
    'device-lost',
    'disturbed',
    'throttled',
    'threads',
    'below-limit',
    'not-steady',
    'not-verified',
    'stopped',
    'failed',
  ]),
  /** A sentence. */
  message: longText,
  /** Whether the flag voids the score. */
  isVoid: v.boolean(),
  workload: v.optional(text),
  backend: v.optional(backendName),
});

/** 1000 × the geometric mean of samples per second relative to the reference machine. */
const score = object({
  backend: v.picklist(ownBackends),
  ...estimateEntries,
  /** The workloads in the mean. */
  workloads: list(text, 20),
  /** Whether `workloads` are all scored workloads. Only complete scores are comparable between machines. */
  isComplete: v.boolean(),
  /** Software adapters compute on the CPU, so they have a class of their own. */
  class: v.picklist(['cpu', 'hardware', 'software']),
  /** f32 and default features. */
  tier: v.picklist(['base']),
});

const timeToAccuracy = object({
  workload: text,
  backend: v.picklist(ownBackends),
  target: share,
  /** Training time without evaluations; missing if the target was not reached. */
  seconds: v.optional(notNegative),
  steps: count,
  /** Best accuracy on the test set. */
  accuracy: share,
});

/** The network size from which on the GPU is faster than the CPU. */
const crossover = object({
  /** 'never': the GPU is slower on all measured networks; 'always': it is faster on all of them. */
  kind: v.picklist(['never', 'always', 'between']),
  /** For 'between': the parameter count, interpolated on logarithmic scales. */
  parameters: v.optional(positive),
});

export const resultSchema = object({
  format: v.literal('nudge-benchmark'),
  version: v.literal(formatVersion),
  nudge: object({ version: text, commit: v.optional(text) }),
  /** ISO 8601, UTC. */
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  seconds: notNegative,
  settings: object({
    workloads: list(text, 50),
    backends: list(backendName, backends.length),
    repeats: count,
    blocks: count,
    repeatSeconds: positive,
    seed: count,
  }),
  data: object({
    name: text,
    /** Hash of the training features and labels, then the test features and labels, in hexadecimal. */
    sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    trainingCount: count,
    testCount: count,
  }),
  environment,
  limits: v.optional(limits),
  blocks: list(block, maxBlocks),
  workloads: list(workload, 50),
  timesToAccuracy: list(timeToAccuracy, 50),
  crossover: v.optional(crossover),
  flags: list(flag, 200),
  /** One for each backend; empty if a flag voids them. */
  scores: list(score, ownBackends.length),
});

export type BenchmarkResult = v.InferOutput<typeof resultSchema>;
export type Estimate = v.InferOutput<typeof estimate>;
export type Environment = v.InferOutput<typeof environment>;
export type MeasuredAdapterLimits = v.InferOutput<typeof limits>;
export type CurvePoint = v.InferOutput<typeof point>;
export type Series = v.InferOutput<typeof series>;
export type Verification = v.InferOutput<typeof verification>;
export type WorkloadResult = v.InferOutput<typeof workload>;
export type Ratio = WorkloadResult['ratios'][number];
export type Block = v.InferOutput<typeof block>;
export type Flag = v.InferOutput<typeof flag>;
export type Score = v.InferOutput<typeof score>;
export type TimeToAccuracy = v.InferOutput<typeof timeToAccuracy>;
export type Crossover = v.InferOutput<typeof crossover>;
