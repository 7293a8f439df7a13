/** Sweeps as plain data: every seed with every learning rate. This module uses neither the DOM nor Node. */
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError, LimitError } from '../errors.ts';
import { sha256 } from '../formats/sha256.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import type { PlainNetworkOptions } from '../network/network.ts';
import { stepsPerEpoch } from '../engine/batches.ts';
import {
  Sweep,
  type MemberResult,
  type SweepProgress,
  type SweepState,
} from '../training/sweep.ts';
import { createOptimizer, type OptimizerConfiguration } from './optimizerConfiguration.ts';
import type { JobContext, JobData } from './trainJob.ts';

/** Everything that determines the result of a sweep. */
export interface SweepConfiguration {
  readonly network: Omit<PlainNetworkOptions, 'seed'>;
  readonly batchSize: number;
  readonly epochs: number;
  readonly shuffle: boolean;
  readonly seeds: readonly number[];
  /** They differ only in their learning rates. */
  readonly optimizers: readonly OptimizerConfiguration[];
}

export interface SweepRun extends SweepConfiguration {
  /** Checkpoint of an earlier sweep with the same configuration. */
  readonly resume?: SweepCheckpoint | undefined;
  /** Whether to emit a checkpoint every minute and at the end. Default false. */
  readonly keepsCheckpoints?: boolean;
}

export interface SweepCheckpoint {
  readonly state: SweepState;
  /** [networks, 3]: samples, sum of costs and correct predictions in the unfinished epoch. */
  readonly epochSums: Float64Array<ArrayBuffer>;
  /** [networks, 2]: mean cost and accuracy of the last complete epoch. */
  readonly lastEpoch: Float64Array<ArrayBuffer>;
  /** Totals over all networks. */
  readonly trained: { readonly samples: number; readonly seconds: number };
  /** SHA-256 of the training set, in hexadecimal digits. */
  readonly data: string;
}

export type SweepEvent =
  | {
      readonly type: 'progress';
      /** Steps of each network so far, out of `steps`. */
      readonly step: number;
      readonly steps: number;
      readonly epoch: number;
      readonly samplesPerSecond: number;
      /** The smallest mean cost of any network since the last report. */
      readonly minCost: number;
    }
  | { readonly type: 'checkpoint'; readonly checkpoint: SweepCheckpoint };

export interface SweepRow {
  readonly seed: number;
  readonly learningRate: number;
  /** Results on the training set in the last epoch, which may be unfinished. */
  readonly training: MemberResult;
  readonly test: MemberResult;
}

export interface SweepResult {
  readonly adapter: AdapterDescription;
  readonly plan: string;
  /** False if the signal stopped the sweep. */
  readonly isComplete: boolean;
  /** By learning rate, then by seed, in the given order. */
  readonly rows: readonly SweepRow[];
  /** Steps of each network. */
  readonly steps: number;
  /** Training time of all networks together. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** The first of {@link sortRows} with its weights; missing if every network diverged. */
  readonly best?: {
    readonly seed: number;
    readonly learningRate: number;
    readonly parameters: Float32Array<ArrayBuffer>;
  };
}

/** Training between two checks of the signal. */
const secondsAtOnce = 1;
/** Reading a checkpoint takes as long as several steps. */
const secondsPerCheckpoint = 60;

/** Maximum number of networks on any device: `maxComputeWorkgroupsPerDimension` of WebGPU's default limits. */
export const maxNetworks = 65_535;

/**
 * Trains one network for each seed and optimizer, all at once, and evaluates them on the test set. If the signal aborts,
 * it stops soon and returns the networks trained so far.
 * @throws the errors of `Sweep`; the signal's reason if no step was made
 */
export async function runSweep(
  configuration: SweepRun,
  { training, test }: JobData,
  { gpu, signal, onEvent }: JobContext<SweepEvent> = {},
): Promise<SweepResult> {
  const { network, batchSize, epochs, shuffle, seeds, optimizers, resume } = configuration;
  const count = seeds.length * optimizers.length;
  if (count > maxNetworks) {
    throw new LimitError(
      `A sweep trains at most ${maxNetworks} networks; got ${count}. Use fewer seeds or learning rates.`,
    );
  }
  const keeps = configuration.keepsCheckpoints === true;
  const data = keeps || resume ? await hashDataset(training) : '';
  if (resume && resume.data !== data) {
    throw new ConfigurationError(
      `Cannot resume: the sweep was trained on other data (SHA-256 ${resume.data.slice(0, 12)}…; this data has ${data.slice(0, 12)}…). Use the same data.`,
    );
  }
  const perEpoch = stepsPerEpoch(training.sampleCount, batchSize);
  const length = { stepsPerEpoch: perEpoch, steps: epochs * perEpoch };
  const variations = optimizers.flatMap((optimizer) =>
    seeds.map((seed) => ({ seed, learningRate: optimizer.learningRate, optimizer })),
  );
  const members = variations.map(({ seed, optimizer }) => ({
    seed,
    optimizer: createOptimizer(optimizer, length),
  }));
  const options = { network, members, batchSize, shuffle, state: resume?.state };
  const sweep = await Sweep.create({
    ...options,
    ...(gpu && { gpu }),
    // The command line's browser has no window, so there are no frames to keep free.
    isVisible: () => false,
  });
  try {
    // Before the clock starts, which times training only.
    await sweep.prepare(training);
    const meter = new SweepMeter(count, resume);
    let kept = performance.now();
    const keep = async () => {
      if (!keeps) return;
      kept = performance.now();
      const checkpoint = { state: await sweep.state(), ...meter.record(), data };
      onEvent?.({ type: 'checkpoint', checkpoint });
    };
    // Starts with one step and adapts to `secondsAtOnce`.
    let max = 1;
    while (sweep.step < length.steps && signal?.aborted !== true) {
      const steps = Math.min(max, perEpoch - (sweep.step % perEpoch));
      const start = performance.now();
      for await (const report of sweep.fit(training, { steps })) {
        meter.add(report);
        const { step, epoch, samplesPerSecond } = report;
        const costs = report.members.map(({ cost, isDiverged }) => (isDiverged ? Infinity : cost));
        const minCost = costs.reduce((min, cost) => Math.min(min, cost), Infinity);
        onEvent?.({
          ...{ type: 'progress', step, steps: length.steps, epoch },
          ...{ samplesPerSecond, minCost },
        });
      }
      const seconds = (performance.now() - start) / 1000;
      max = Math.max(1, Math.min(2 * max, Math.round((steps * secondsAtOnce) / seconds)));
      if (performance.now() - kept >= 1000 * secondsPerCheckpoint) await keep();
    }
    if (sweep.step === 0) signal?.throwIfAborted();
    await keep();
    const evaluated = await sweep.evaluate(test);
    const rows = variations.map(({ seed, learningRate }, n) => ({
      ...{ seed, learningRate },
      training: meter.member(n),
      test: evaluated[n]!,
    }));
    const best = sortRows(rows)[0]!;
    const hasBest = !best.test.isDiverged && !best.training.isDiverged;
    return {
      adapter: sweep.adapter,
      plan: sweep.plan,
      isComplete: sweep.step === length.steps,
      rows,
      steps: sweep.step,
      seconds: meter.trained.seconds,
      samplesPerSecond: meter.trained.samples / meter.trained.seconds,
      ...(hasBest && {
        best: {
          ...{ seed: best.seed, learningRate: best.learningRate },
          parameters: (await sweep.network(rows.indexOf(best))).parameters,
        },
      }),
    };
  } finally {
    await sweep.dispose();
  }
}

/** From the best to the worst test accuracy; ties by cost, diverged networks last. */
export function sortRows(rows: readonly SweepRow[]): SweepRow[] {
  const diverged = ({ test, training }: SweepRow) =>
    test.isDiverged || training.isDiverged ? 1 : 0;
  return rows.toSorted((a, b) => {
    if (diverged(a) + diverged(b) > 0) return diverged(a) - diverged(b);
    return b.test.accuracy - a.test.accuracy || a.test.cost - b.test.cost;
  });
}

/** Sums the reports of a sweep by epoch. */
class SweepMeter {
  trained: { samples: number; seconds: number };
  /** [networks, 3], see {@link SweepCheckpoint.epochSums}. */
  readonly #sums: Float64Array<ArrayBuffer>;
  /** [networks, 2] */
  readonly #last: Float64Array<ArrayBuffer>;

  constructor(count: number, from: SweepCheckpoint | undefined) {
    this.trained = from?.trained ?? { samples: 0, seconds: 0 };
    this.#sums = from?.epochSums.slice() ?? new Float64Array(3 * count);
    this.#last = from?.lastEpoch.slice() ?? new Float64Array(2 * count).fill(NaN);
  }

  add({ samples, seconds, endOfEpoch, members }: SweepProgress): void {
    this.trained = {
      samples: this.trained.samples + samples,
      seconds: this.trained.seconds + seconds,
    };
    const share = samples / members.length;
    for (const [n, { cost, accuracy }] of members.entries()) {
      for (const [i, value] of [1, cost, accuracy].entries()) {
        this.#sums[3 * n + i]! += share * value;
      }
      if (!endOfEpoch) continue;
      const { cost: meanCost, accuracy: meanAccuracy } = this.#mean(n);
      this.#last.set([meanCost, meanAccuracy], 2 * n);
    }
    if (endOfEpoch) this.#sums.fill(0);
  }

  /** Results of the current epoch if it has steps, else of the last one. */
  member(n: number): MemberResult {
    if (this.#sums[3 * n]! > 0) return this.#mean(n);
    return memberOf(this.#last[2 * n]!, this.#last[2 * n + 1]!);
  }

  record(): Pick<SweepCheckpoint, 'epochSums' | 'lastEpoch' | 'trained'> {
    return {
      epochSums: this.#sums.slice(),
      lastEpoch: this.#last.slice(),
      trained: this.trained,
    };
  }

  #mean(n: number): MemberResult {
    const [samples, cost, correct] = this.#sums.subarray(3 * n, 3 * n + 3);
    return memberOf(cost! / samples!, correct! / samples!);
  }
}

function memberOf(cost: number, accuracy: number): MemberResult {
  return { isDiverged: !Number.isFinite(cost), cost, accuracy };
}

async function hashDataset({ features, labels }: Dataset): Promise<string> {
  const parts = [await sha256(features), await sha256(labels)];
  return await sha256(new TextEncoder().encode(parts.join(' ')));
}
