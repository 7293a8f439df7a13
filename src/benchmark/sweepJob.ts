/** A sweep described by plain data: every seed with every learning rate. Knows neither DOM nor Node. */
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

/** All that decides what a sweep computes. */
export interface SweepConfiguration {
  readonly network: Omit<PlainNetworkOptions, 'seed'>;
  readonly batchSize: number;
  readonly epochs: number;
  readonly shuffle: boolean;
  readonly seeds: readonly number[];
  /** Alike but for their learning rates. */
  readonly optimizers: readonly OptimizerConfiguration[];
}

export interface SweepRun extends SweepConfiguration {
  /** Where an earlier sweep with the same configuration stood. */
  readonly resume?: SweepCheckpoint | undefined;
  /** Whether to give checkpoints: every minute, and where it ends. Default false. */
  readonly keepsCheckpoints?: boolean;
}

/** Where a sweep stands. Plain data. */
export interface SweepCheckpoint {
  readonly state: SweepState;
  /** [networks, 3]: of the unfinished epoch, by network, samples and their sums of costs and of right answers. */
  readonly epochSums: Float64Array<ArrayBuffer>;
  /** [networks, 2]: of the last complete epoch, by network, mean cost and accuracy. */
  readonly lastEpoch: Float64Array<ArrayBuffer>;
  /** Of training so far, all networks together. */
  readonly trained: { readonly samples: number; readonly seconds: number };
  /** SHA-256 of the training set, in hexadecimal digits. */
  readonly data: string;
}

export type SweepEvent =
  | {
      readonly type: 'progress';
      /** Steps that each network has made, of `steps`. */
      readonly step: number;
      readonly steps: number;
      readonly epoch: number;
      readonly samplesPerSecond: number;
      /** The least mean cost of any network since the last report. */
      readonly minCost: number;
    }
  | { readonly type: 'checkpoint'; readonly checkpoint: SweepCheckpoint };

export interface SweepRow {
  readonly seed: number;
  readonly learningRate: number;
  /** During the last epoch; of one that is not complete, so far. */
  readonly training: MemberResult;
  readonly test: MemberResult;
}

export interface SweepResult {
  readonly adapter: AdapterDescription;
  readonly plan: string;
  /** Whether all epochs were trained; false where the signal stopped it. */
  readonly isComplete: boolean;
  /** Seeds within learning rates, in the order given. */
  readonly rows: readonly SweepRow[];
  /** Made by each network. */
  readonly steps: number;
  /** Of training, all networks together. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** The first of {@link sortRows}, with its weights; left out where every network has diverged. */
  readonly best?: {
    readonly seed: number;
    readonly learningRate: number;
    readonly parameters: Float32Array<ArrayBuffer>;
  };
}

/** Of training between two looks at the signal, about: short enough to wait for. */
const secondsAtOnce = 1;
/** Between two checkpoints: reading one takes as long as some steps. */
const secondsPerCheckpoint = 60;

/** Networks that any device trains at once, at most: `maxComputeWorkgroupsPerDimension` of WebGPU's default limits. */
export const maxNetworks = 65_535;

/**
 * Trains one network for each seed and optimizer, all at once, and evaluates them on the test set. When the signal
 * aborts, it stops soon and gives what was reached.
 * @throws what `Sweep` throws; the signal's reason where not a single step was made
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
      `${count} networks were asked for, and a sweep trains ${maxNetworks} at once at most. Give fewer seeds or learning rates.`,
    );
  }
  const keeps = configuration.keepsCheckpoints === true;
  const data = keeps || resume ? await hashDataset(training) : '';
  if (resume && resume.data !== data) {
    throw new ConfigurationError(
      `The sweep to go on with was trained on other data (SHA-256 ${resume.data.slice(0, 12)}…, and this is ${data.slice(0, 12)}…). Give it the same data.`,
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
    // A command line's browser has no window, so no reader waits for a frame.
    isVisible: () => false,
  });
  try {
    // Ahead of the clock, which is to time training alone.
    await sweep.prepare(training);
    const meter = new SweepMeter(count, resume);
    let kept = performance.now();
    const keep = async () => {
      if (!keeps) return;
      kept = performance.now();
      const checkpoint = { state: await sweep.state(), ...meter.record(), data };
      onEvent?.({ type: 'checkpoint', checkpoint });
    };
    // Steps at once: few at first, and then what takes as long as it should.
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

/** From the best on the test set to the worst; among equals the smaller cost first, and what diverged last. */
export function sortRows(rows: readonly SweepRow[]): SweepRow[] {
  const diverged = ({ test, training }: SweepRow) =>
    test.isDiverged || training.isDiverged ? 1 : 0;
  return rows.toSorted((a, b) => {
    if (diverged(a) + diverged(b) > 0) return diverged(a) - diverged(b);
    return b.test.accuracy - a.test.accuracy || a.test.cost - b.test.cost;
  });
}

/** Adds up what is reported of a sweep's epochs. */
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

  /** Of the epoch under way where a step of it was made, else of the last one. */
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

/** A member that has diverged has no cost. */
function memberOf(cost: number, accuracy: number): MemberResult {
  return { isDiverged: !Number.isFinite(cost), cost, accuracy };
}

/** Of features and labels. */
async function hashDataset({ features, labels }: Dataset): Promise<string> {
  const parts = [await sha256(features), await sha256(labels)];
  return await sha256(new TextEncoder().encode(parts.join(' ')));
}
