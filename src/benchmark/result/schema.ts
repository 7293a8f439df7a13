/**
 * What a benchmark run comes to: the one description from which the types, the check of files that strangers send,
 * and the published JSON Schema (`docs/benchmark-result.schema.json`) are made.
 *
 * Rates are in samples a second, times in seconds, memory in bytes; names say so where they can.
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
 * Version of the format as a whole. It is raised when an old reader would misread a new file. Version 1 had no blocks;
 * version 2 said `side`, `sides`, `marks` and `mostDrift`. read.ts still reads both.
 */
export const formatVersion = 3;

/** The most blocks that a result has. */
export const maxBlocks = 100;

// A result may come out of a link of a few kilobytes or a file from anywhere: nothing in it may be large.
const text = v.pipe(v.string(), v.maxLength(500));
const longText = v.pipe(v.string(), v.maxLength(4000));
const number = v.pipe(v.number(), v.finite());
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const notNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const listOf = <const Item extends v.GenericSchema>(item: Item, max: number) =>
  v.pipe(v.array(item), v.maxLength(max), v.readonly());

/** The median of the blocks with its interval: see statistics.ts. */
export const estimate = v.pipe(
  v.strictObject({
    /** The median. */
    middle: positive,
    low: positive,
    high: positive,
  }),
  v.readonly(),
);

const adapter = v.pipe(
  v.strictObject({
    vendor: text,
    architecture: text,
    description: text,
    /** Computes on the CPU: in a class of its own. */
    isSoftware: v.boolean(),
    subgroupSize: count,
  }),
  v.readonly(),
);

/** What a machine is, as far as a runtime tells. */
const environment = v.pipe(
  v.strictObject({
    /** 'browser' or 'node'. */
    runtime: v.picklist(['browser', 'node']),
    /** 'Chromium 156', 'Firefox 153', 'Node 20.20.2 with webgpu 0.6.2'. */
    name: text,
    userAgent: v.optional(longText),
    /** 'Linux x86_64'. */
    system: text,
    /** Logical processors, as told. */
    threads: count,
    isIsolated: v.boolean(),
    /** Smallest step of `performance.now()` that was seen, in seconds. */
    timerResolution: notNegative,
    battery: v.optional(
      v.pipe(v.strictObject({ isCharging: v.boolean(), level: share }), v.readonly()),
    ),
    adapter: v.optional(adapter),
    /** Why there is no GPU, in a sentence. */
    noAdapter: v.optional(longText),
    features: listOf(text, 200),
    limits: v.pipe(v.record(text, number), v.readonly()),
  }),
  v.readonly(),
);

/** Of the adapter, measured: see `probeAdapter`. */
const limits = v.pipe(
  v.strictObject({
    flopPerSecond: positive,
    readBytesPerSecond: positive,
    copyBytesPerSecond: positive,
    cachedBytesPerSecond: positive,
    dispatchSeconds: notNegative,
    encodeSeconds: notNegative,
    submitSeconds: notNegative,
    readbackSeconds: notNegative,
  }),
  v.readonly(),
);

/** A cost or an accuracy on the way: of the steps since the point before. */
const point = v.pipe(
  v.strictObject({ step: count, seconds: notNegative, cost: number, accuracy: share }),
  v.readonly(),
);

/** How one backend did on one workload. */
const series = v.pipe(
  v.strictObject({
    backend: v.picklist(backends),
    /** How a step was cut up, in words. */
    plan: v.optional(longText),
    /** Of the CPU engine, in each block. */
    threads: v.optional(listOf(count, maxBlocks)),
    dispatchesPerStep: v.optional(notNegative),
    /** Compiling and making ready, on a few samples; then the whole training set. */
    compileSeconds: notNegative,
    uploadSeconds: notNegative,
    warmUp: v.pipe(v.strictObject({ seconds: notNegative, isSteady: v.boolean() }), v.readonly()),
    stepsPerRepeat: count,
    /** Of each repeat, in the order of the rounds: block after block, see `blockSizes`. */
    samplesPerSecond: listOf(positive, 1000),
    estimate,
    /** Once over the test set. */
    evaluateSeconds: v.optional(notNegative),
    /** Of the last repeat of the first block. */
    finalCost: number,
    /** Of the first block. */
    curve: listOf(point, 2000),
    /** How near it came to the adapter's own limit, and which part of a step that is; 'none' where no part is half of the step. */
    limit: v.optional(
      v.pipe(
        v.strictObject({
          bound: v.picklist(['compute', 'memory', 'dispatch', 'host', 'none']),
          fraction: positive,
          flopPerStep: positive,
          bytesPerStep: positive,
        }),
        v.readonly(),
      ),
    ),
  }),
  v.readonly(),
);

/** How the GPU's results were held against the reference. */
const verification = v.pipe(
  v.strictObject({
    isVerified: v.boolean(),
    /** Samples of the mini-batch whose gradient was compared. */
    samples: count,
    /** Largest error of an element as a share of its bound, by tensor; at most 1 is right. */
    tensors: listOf(v.pipe(v.strictObject({ name: text, worst: notNegative }), v.readonly()), 100),
    worst: notNegative,
    /**
     * Where the timed run's mean cost was farthest from the CPU's over the same steps, as a share of the untrained
     * network's; at most `maxDrift` is right.
     */
    costDrift: notNegative,
    maxDrift: positive,
    /** Steps over which costs were compared. */
    stepsCompared: count,
  }),
  v.readonly(),
);

const ratio = v.pipe(
  v.strictObject({
    of: v.picklist(backends),
    over: v.picklist(backends),
    ...estimate.pipe[0].entries,
  }),
  v.readonly(),
);

const workload = v.pipe(
  v.strictObject({
    name: text,
    layers: listOf(count, 20),
    activation: text,
    output: text,
    cost: text,
    batchSize: count,
    learningRate: positive,
    parameterCount: count,
    series: listOf(series, backends.length),
    /** `of` against `over`, by the blocks in which both ran. */
    ratios: listOf(ratio, 50),
    /** Missing where no GPU ran. */
    verification: v.optional(verification),
  }),
  v.readonly(),
);

/** What the processor was like in one block; beats and `taken` are missing where they could not be measured. */
const block = v.pipe(
  v.strictObject({
    /** When it began, counting from the run's beginning. */
    seconds: notNegative,
    /** Of a fixed piece of arithmetic, without interruptions: median over the block. */
    beatSeconds: v.optional(positive),
    /** Share of the processor that other programs took: mean over the block. */
    taken: v.optional(share),
  }),
  v.readonly(),
);

/** Why a run counts less than it could. */
const flag = v.pipe(
  v.strictObject({
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
    /** In a sentence. */
    message: longText,
    /** Whether the score is void for it. */
    isVoid: v.boolean(),
    workload: v.optional(text),
    backend: v.optional(v.picklist(backends)),
  }),
  v.readonly(),
);

/** 1000 × the geometric mean of samples/s over those of the reference machine. */
const score = v.pipe(
  v.strictObject({
    backend: v.picklist(ownBackends),
    ...estimate.pipe[0].entries,
    /** What it is a mean over. */
    workloads: listOf(text, 20),
    /** Whether these are all that a full run has; only then are two machines to be compared by it. */
    isComplete: v.boolean(),
    /** Software adapters compute on the CPU and are compared among themselves. */
    class: v.picklist(['cpu', 'hardware', 'software']),
    /** f32 and default features. */
    tier: v.picklist(['base']),
  }),
  v.readonly(),
);

const timeToAccuracy = v.pipe(
  v.strictObject({
    workload: text,
    backend: v.picklist(ownBackends),
    target: share,
    /** Of training, evaluation not counted; missing where it was not reached. */
    seconds: v.optional(notNegative),
    steps: count,
    /** Best on the test set. */
    accuracy: share,
  }),
  v.readonly(),
);

/** The least network, by parameters, from which on the GPU is faster than the CPU. */
const crossover = v.pipe(
  v.strictObject({
    /** 'never': not in the networks measured; 'always': in all of them. */
    kind: v.picklist(['never', 'always', 'between']),
    /** Where 'between': interpolated, on logarithmic scales. */
    parameters: v.optional(positive),
  }),
  v.readonly(),
);

export const resultSchema = v.pipe(
  v.strictObject({
    format: v.literal('nudge-benchmark'),
    version: v.literal(formatVersion),
    nudge: v.pipe(v.strictObject({ version: text, commit: v.optional(text) }), v.readonly()),
    /** ISO 8601, UTC. */
    startedAt: v.pipe(v.string(), v.isoTimestamp()),
    seconds: notNegative,
    settings: v.pipe(
      v.strictObject({
        workloads: listOf(text, 50),
        backends: listOf(v.picklist(backends), backends.length),
        repeats: count,
        blocks: count,
        repeatSeconds: positive,
        seed: count,
      }),
      v.readonly(),
    ),
    data: v.pipe(
      v.strictObject({
        name: text,
        /** Of features and labels of the training set, then of the test set, in hexadecimal. */
        sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
        trainingCount: count,
        testCount: count,
      }),
      v.readonly(),
    ),
    environment,
    limits: v.optional(limits),
    blocks: listOf(block, maxBlocks),
    workloads: listOf(workload, 50),
    timesToAccuracy: listOf(timeToAccuracy, 50),
    crossover: v.optional(crossover),
    flags: listOf(flag, 200),
    /** One a backend that ran all of its workloads; empty where a flag voids them. */
    scores: listOf(score, ownBackends.length),
  }),
  v.readonly(),
);

export type BenchmarkResult = v.InferOutput<typeof resultSchema>;
export type Estimate = v.InferOutput<typeof estimate>;
export type Environment = v.InferOutput<typeof environment>;
export type MeasuredAdapterLimits = v.InferOutput<typeof limits>;
export type CurvePoint = v.InferOutput<typeof point>;
export type Series = v.InferOutput<typeof series>;
export type Verification = v.InferOutput<typeof verification>;
export type Ratio = v.InferOutput<typeof ratio>;
export type WorkloadResult = v.InferOutput<typeof workload>;
export type Block = v.InferOutput<typeof block>;
export type Flag = v.InferOutput<typeof flag>;
export type Score = v.InferOutput<typeof score>;
export type TimeToAccuracy = v.InferOutput<typeof timeToAccuracy>;
export type Crossover = v.InferOutput<typeof crossover>;
