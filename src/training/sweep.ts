import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError, NonFiniteError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { Device } from '../gpu/device.ts';
import { optimizerScalarsOf } from '../gpu/optimizerScalars.ts';
import { requireRoom, SweepEngine, type SweepMetrics } from '../gpu/sweepEngine.ts';
import {
  requireArray,
  requireObject,
  requireOptions,
  requireSwitch,
  show,
  type OptionNames,
} from '../network/arguments.ts';
import { Network, type NetworkOptions } from '../network/network.ts';
import { describeNonFinite } from '../network/parameters.ts';
import { requireBatchSize, requireFits } from '../engine/batches.ts';
import { requirePosition, type TrainingPosition } from '../engine/cursor.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { momentCount, requireOptimizer } from '../engine/optimizers/registry.ts';
import { TimeSlice } from '../engine/timeSlice.ts';
import { EpochOrders, TrainingLoop, type FitOptions, type FitReport } from './loop.ts';
import { requireSource, type GpuSource } from '../gpu/options.ts';

/** The settings that differ between the networks of a sweep. */
export interface SweepMember {
  /** Seed of the initial weights and the shuffling, an integer from 0 to 2³² − 1. */
  readonly seed: number;
  /** The optimizers of a sweep may differ only in the learning rate. */
  readonly optimizer: Optimizer;
}

export interface SweepOptions extends GpuSource {
  /** Options of all networks, without the seed, which is set per member. */
  readonly network: Omit<NetworkOptions, 'seed'>;
  readonly members: readonly SweepMember[];
  /** Samples per step of each network. */
  readonly batchSize: number;
  /** Whether to shuffle the samples for each epoch. Default true; false keeps the order of the dataset. */
  readonly shuffle?: boolean;
  /** The state of an earlier sweep with the same options, see {@link Sweep.state}. Default: a new start. */
  readonly state?: SweepState | undefined;
}

const optionNames: OptionNames<SweepOptions> = {
  ...{ network: true, members: true, batchSize: true, shuffle: true },
  ...{ device: true, gpu: true, isVisible: true, timeoutMs: true, state: true },
};

/** Results of one member. */
export interface MemberResult {
  /** Whether its cost, gradient or parameters are NaN or infinite. Such a member is unusable; the others continue. */
  readonly isDiverged: boolean;
  /** Mean cost per sample, computed before each step's update during training. NaN if the member has diverged. */
  readonly cost: number;
  /** Share of samples predicted correctly, 0 to 1. NaN if the member has diverged. */
  readonly accuracy: number;
}

/** The state of a sweep, as plain data. A sweep resumed from it computes the same bits. */
export interface SweepState extends TrainingPosition {
  /** Parameters, then the optimizer's moments of each network, [members, arrays, parameterCount]. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** A sweep's training since the last report. */
export interface SweepProgress extends FitReport {
  /** In the order of `members`. */
  readonly members: readonly MemberResult[];
}

const defaultReportEvery = 50;

/**
 * Trains many small networks at once on the GPU, to compare seeds and learning rates. Each network runs on its own
 * compute unit of the GPU, so many take hardly longer than one. They share one copy of the dataset. A network's results
 * equal those of a {@link Trainer} with the same seed and optimizer, up to float32 rounding. Its bits do not depend on
 * the other members.
 *
 * @example
 * const members = [1, 3, 6].map((learningRate) => ({ seed: 1, optimizer: sgd({ learningRate }) }));
 * const sweep = await Sweep.create({ network: { layers: [784, 16, 16, 10] }, members, batchSize: 100 });
 * for await (const { step, members } of sweep.fit(training, { epochs: 2 })) console.log(step, members);
 * const results = await sweep.evaluate(test);
 * await sweep.dispose();
 */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #networks: readonly Network[];
  readonly #engine: SweepEngine;
  readonly #orders: EpochOrders;
  readonly #loop: TrainingLoop<SweepMetrics>;

  private constructor(
    options: SweepOptions,
    networks: readonly Network[],
    engine: SweepEngine,
    release: () => void,
  ) {
    this.#options = options;
    this.#networks = networks;
    this.#engine = engine;
    this.#orders = new EpochOrders(options.shuffle);
    this.#loop = new TrainingLoop(
      {
        kind: 'sweep',
        network: networks[0]!,
        batchSize: options.batchSize,
        ...{ engine, release },
        beginEpoch: (at, training, signal) => this.#beginEpoch(at, training, signal),
      },
      options.state,
    );
  }

  /**
   * @throws {ConfigurationError} for invalid options, or optimizers that differ in more than their learning rate
   * @throws {LimitError} for networks that are too large, or too many of them
   * @throws {NoAdapterError | OutOfMemoryError | DeviceLostError} when no GPU is available
   */
  static async create(options: SweepOptions): Promise<Sweep> {
    requireOptions('Sweep.create', options, optionNames);
    const { members, network, gpu, isVisible, timeoutMs } = options;
    const batchSize = requireBatchSize(options.batchSize);
    requireSwitch('shuffle', options.shuffle);
    requireSource(options);
    requireObject('The network of a sweep', network);
    const optimizer = requireOneRule(members);
    const first = new Network({ ...network, seed: members[0]!.seed });
    const device = options.device ?? (await Device.request({ gpu, isVisible, timeoutMs }));
    const release = options.device ? () => undefined : () => device.destroy();
    try {
      requireRoom(device, first, members.length);
      const networks = members.map(({ seed }) => new Network({ ...network, seed }));
      const engine = await SweepEngine.create(device, { networks, batchSize, optimizer });
      try {
        if (options.state) restore(engine, networks, optimizer, options.state);
      } catch (error) {
        await engine.dispose();
        throw error;
      }
      return new Sweep({ ...options, members: [...members] }, networks, engine, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  get adapter(): AdapterDescription {
    return this.#engine.adapter;
  }

  /** How the engine divides a step, in words. */
  get plan(): string {
    return this.#engine.plan;
  }

  get members(): readonly SweepMember[] {
    return this.#options.members;
  }

  /** Steps that each network has made so far. */
  get step(): number {
    return this.#loop.cursor.step;
  }

  /**
   * Uploads the training set and compiles the kernels before `fit`, which otherwise does so itself. Use it to time only
   * the training.
   */
  async prepare(training: Dataset): Promise<void> {
    await this.#loop.prepare(training);
  }

  /**
   * Trains all networks. Each iteration reports the training since the last one. Training continues in the background,
   * up to two reports ahead. Leaving the loop stops training after the steps already submitted. The next `fit` on the
   * same dataset resumes there.
   * @throws {ConfigurationError} when the dataset does not fit the networks, or another `fit` is running
   * @throws {LimitError} when the dataset, or its order for each network, does not fit the device
   * @throws {DeviceLostError} when the device is lost; the learned parameters are lost with it
   * @throws the signal's reason
   */
  fit(training: Dataset, options: FitOptions = {}): AsyncGenerator<SweepProgress, void, void> {
    const defaults = { reportEvery: defaultReportEvery };
    return this.#loop.fit(training, options, defaults, (metrics) => ({
      samples: metrics.samples * this.members.length,
      members: resultsOf(metrics),
    }));
  }

  /** Cost and accuracy of each member on any dataset, with the current parameters. */
  async evaluate(dataset: Dataset): Promise<readonly MemberResult[]> {
    this.#loop.requireUsable();
    requireFits(this.#networks[0]!, dataset);
    return resultsOf(await this.#engine.evaluate(dataset));
  }

  /**
   * The network of one member, with the current parameters.
   * @param index index in `members`
   * @throws {ConfigurationError} when there is no such member
   * @throws {NonFiniteError} when the member has diverged
   */
  async network(index: number): Promise<Network> {
    this.#loop.requireUsable();
    const network = Number.isInteger(index) ? this.#networks[index] : undefined;
    if (!network) {
      throw new ConfigurationError(
        `index must be an integer from 0 to ${this.#networks.length - 1}; got ${show(index)}. It is an index in members.`,
      );
    }
    const parameters = await this.#engine.readParameters(index);
    const wrong = describeNonFinite(network.layers, parameters);
    if (wrong === undefined) return network.withParameters(parameters);
    throw new NonFiniteError(
      `Member ${index} of the sweep (seed ${network.seed}) has diverged: ${wrong}. Give it a smaller learning rate.`,
    );
  }

  /**
   * The state of all networks, for the option `state` of a later sweep.
   * @throws {ConfigurationError} while a `fit` is running
   */
  async state(): Promise<SweepState> {
    this.#loop.requireIdle();
    const { parameterCount } = this.#networks[0]!;
    const size = parameterCount * (1 + momentCount(this.members[0]!.optimizer));
    const values = new Float32Array(size * this.members.length);
    for (const n of this.members.keys()) {
      const { parameters, moments } = await this.#engine.readState(n);
      [parameters, ...moments].forEach((one, k) => values.set(one, size * n + parameterCount * k));
    }
    return { ...this.#loop.cursor.position, values };
  }

  /** Frees the sweep's resources, but not a device passed as an option. Calling it again does nothing. */
  async dispose(): Promise<void> {
    await this.#loop.dispose();
  }

  async #beginEpoch(
    at: TrainingPosition,
    { sampleCount }: Dataset,
    signal: AbortSignal,
  ): Promise<void> {
    const { members } = this.#options;
    const slice = new TimeSlice();
    await this.#engine.beginEpoch(
      (n) => optimizerScalarsOf(members[n]!.optimizer),
      async (n) => {
        if (slice.isOver()) await slice.next();
        signal.throwIfAborted();
        // Members with the same seed share one order.
        return this.#orders.of(members[n]!.seed, at.epoch, sampleCount);
      },
      at,
    );
  }
}

function resultsOf({ samples, costSums, correct, diverged }: SweepMetrics): MemberResult[] {
  return Array.from(costSums, (costSum, n) =>
    diverged[n] === 1
      ? { isDiverged: true, cost: NaN, accuracy: NaN }
      : { isDiverged: false, cost: costSum / samples, accuracy: correct[n]! / samples },
  );
}

/** @throws {ConfigurationError} for a state of a different sweep */
function restore(
  engine: SweepEngine,
  networks: readonly Network[],
  optimizer: Optimizer,
  state: SweepState,
): void {
  const { parameterCount } = networks[0]!;
  const arrays = 1 + momentCount(optimizer);
  const { values } = state;
  const expected = parameterCount * arrays * networks.length;
  if (values.length !== expected) {
    throw new ConfigurationError(
      `state.values must have ${expected} numbers for ${networks.length} networks of this shape and optimizer; got ${values.length}. Give the state of a sweep with the same options.`,
    );
  }
  requirePosition('state', state);
  networks.forEach((_, n) => {
    const [parameters, ...moments] = Array.from({ length: arrays }, (__, k) => {
      const from = parameterCount * (arrays * n + k);
      return values.subarray(from, from + parameterCount);
    });
    engine.writeState(n, { parameters: parameters!, moments });
  });
}

/** The optimizer of the first member. The others may differ only in the learning rate. */
function requireOneRule(members: readonly SweepMember[]): Optimizer {
  requireArray('The members of a sweep', members);
  for (const member of members) {
    requireOptions('A member of a sweep', member, { seed: true, optimizer: true });
    requireOptimizer(member.optimizer);
  }
  const [first] = members;
  if (!first) {
    throw new ConfigurationError(
      'A sweep needs at least one member; got none. Give a seed and an optimizer for each network.',
    );
  }
  const rule = ({ optimizer }: SweepMember) => JSON.stringify({ ...optimizer, learningRate: 0 });
  const other = members.findIndex((member) => rule(member) !== rule(first));
  if (other < 0) return first.optimizer;
  throw new ConfigurationError(
    `The optimizers of a sweep may differ only in the learning rate, but members 0 and ${other} differ in more ` +
      `(${rule(first)} and ${rule(members[other]!)}). Create one sweep per optimizer.`,
  );
}
