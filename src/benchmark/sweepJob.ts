/** A sweep described by plain data: every seed with every learning rate. Knows neither DOM nor Node. */
import type { AdapterDescription } from '../gpu/adapter.ts';
import type { NetworkOptions } from '../network/network.ts';
import { stepsPerEpoch } from '../training/batches.ts';
import { Sweep, type MemberResult } from '../training/sweep.ts';
import { createOptimizer, type OptimizerConfiguration } from './optimizerConfiguration.ts';
import type { WorkContext, WorkData } from './trainJob.ts';

/** All that decides what a sweep computes. */
export interface SweepConfiguration {
  readonly network: Omit<NetworkOptions, 'seed'>;
  readonly batchSize: number;
  readonly epochs: number;
  readonly shuffle: boolean;
  readonly seeds: readonly number[];
  /** Alike but for their learning rates. */
  readonly optimizers: readonly OptimizerConfiguration[];
}

export interface SweepEvent {
  readonly type: 'progress';
  /** Steps that each network has made, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly samplesPerSecond: number;
  /** The least mean cost of any network since the last report. */
  readonly leastCost: number;
}

export interface SweepRow {
  readonly seed: number;
  readonly learningRate: number;
  /** During the last epoch. */
  readonly training: MemberResult;
  readonly test: MemberResult;
}

export interface SweepResult {
  readonly adapter: AdapterDescription;
  readonly plan: string;
  /** Seeds within learning rates, in the order given. */
  readonly rows: readonly SweepRow[];
  /** Of each network. */
  readonly steps: number;
  /** Of training, all networks together. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/**
 * Trains one network for each seed and optimizer, all at once, and evaluates them on the test set.
 * @throws what `Sweep` throws, and the signal's reason
 */
export async function runSweep(
  configuration: SweepConfiguration,
  { training, test }: WorkData,
  { gpu, signal, onEvent }: WorkContext<SweepEvent> = {},
): Promise<SweepResult> {
  const { network, batchSize, epochs, shuffle, seeds, optimizers } = configuration;
  const perEpoch = stepsPerEpoch(training.sampleCount, batchSize);
  const length = { stepsPerEpoch: perEpoch, steps: epochs * perEpoch };
  const variations = optimizers.flatMap((optimizer) =>
    seeds.map((seed) => ({ seed, learningRate: optimizer.learningRate, optimizer })),
  );
  const members = variations.map(({ seed, optimizer }) => ({
    seed,
    optimizer: createOptimizer(optimizer, length),
  }));
  const sweep = await Sweep.create({ network, members, batchSize, shuffle, ...(gpu && { gpu }) });
  try {
    // Ahead of the clock, which is to time training alone.
    await sweep.prepare(training);
    let trained = { samples: 0, seconds: 0 };
    const nothing = { samples: 0, cost: 0, correct: 0, isDiverged: false };
    let epoch = members.map(() => nothing);
    let last: readonly MemberResult[] = [];
    for await (const report of sweep.fit(training, { epochs, signal })) {
      const { samples, seconds, step, endOfEpoch, samplesPerSecond } = report;
      trained = { samples: trained.samples + samples, seconds: trained.seconds + seconds };
      const share = samples / members.length;
      epoch = epoch.map((sums, n) => ({
        samples: sums.samples + share,
        cost: sums.cost + share * report.members[n]!.cost,
        correct: sums.correct + share * report.members[n]!.accuracy,
        isDiverged: report.members[n]!.isDiverged,
      }));
      const leastCost = Math.min(
        ...report.members.map(({ cost, isDiverged }) => (isDiverged ? Infinity : cost)),
      );
      onEvent?.({
        ...{ type: 'progress', step, steps: length.steps, epoch: report.epoch },
        ...{ samplesPerSecond, leastCost },
      });
      if (!endOfEpoch) continue;
      last = epoch.map((sums) => ({
        isDiverged: sums.isDiverged,
        cost: sums.cost / sums.samples,
        accuracy: sums.correct / sums.samples,
      }));
      epoch = members.map(() => nothing);
    }
    const evaluated = await sweep.evaluate(test);
    return {
      adapter: sweep.adapter,
      plan: sweep.plan,
      rows: variations.map(({ seed, learningRate }, n) => ({
        ...{ seed, learningRate },
        training: last[n]!,
        test: evaluated[n]!,
      })),
      steps: sweep.step,
      seconds: trained.seconds,
      samplesPerSecond: trained.samples / trained.seconds,
    };
  } finally {
    await sweep.dispose();
  }
}
