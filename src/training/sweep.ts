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
import type { TrainingPosition } from '../engine/cursor.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { requireOptimizer } from '../engine/optimizers/registry.ts';
import { TimeSlice } from '../engine/timeSlice.ts';
import { EpochOrders, TrainingLoop, type FitOptions, type FitReport } from './loop.ts';
import { requireSource, type GpuSource } from '../gpu/options.ts';

/** What makes one network of a sweep different from the others. */
export interface SweepMember {
  /** Of the first weights and of the shuffling, an integer from 0 to 2³² − 1. */
  readonly seed: number;
  /** The optimizers of a sweep differ in their learning rate alone. */
  readonly optimizer: Optimizer;
}

export interface SweepOptions extends GpuSource {
  /** What all networks are; each member has a seed of its own. */
  readonly network: Omit<NetworkOptions, 'seed'>;
  readonly members: readonly SweepMember[];
  /** Samples a step, of each network. */
  readonly batchSize: number;
  /** Whether each epoch visits the samples in an order of its own. Default true; false is the order of the file. */
  readonly shuffle?: boolean;
  /** Where an earlier sweep with the same options stood, see {@link Sweep.state}. Default: the start. */
  readonly state?: SweepState | undefined;
}

const optionNames: OptionNames<SweepOptions> = {
  ...{ network: true, members: true, batchSize: true, shuffle: true },
  ...{ device: true, gpu: true, isVisible: true, state: true },
};

/** How one member did. */
export interface MemberResult {
  /**
   * Whether its cost, its gradient or its parameters are no longer finite. Such a member is of no use; the others go on.
   */
  readonly isDiverged: boolean;
  /** Mean a sample; during training, each taken before its step's update. NaN of a member that has diverged. */
  readonly cost: number;
  /** Share of samples that the network got right, 0 to 1. NaN of a member that has diverged. */
  readonly accuracy: number;
}

/** Where a sweep stands, with all that a later one needs to go on from there, to the same bits. Plain data. */
export interface SweepState extends TrainingPosition {
  /** Parameters and the optimizer's moments, [members, size], in the engine's layout, which differs between versions. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** What a sweep did since the last report. */
export interface SweepProgress extends FitReport {
  /** In the order of `members`. */
  readonly members: readonly MemberResult[];
}

const defaultReportEvery = 50;

/**
 * Many small networks trained at once on the GPU, to compare seeds and learning rates: each has the GPU's
 * equivalent of a core to itself, so that many take hardly longer than one. The dataset is there once. A
 * network comes out as a {@link Trainer} with the same seed and optimizer makes it, within float32's rounding, and
 * with the same bits however many others are beside it.
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
   * @throws {ConfigurationError} for options that make no sense, or optimizers that differ in more than their rate
   * @throws {LimitError} for networks that are too large or too many to be trained at once
   * @throws {NoAdapterError | OutOfMemoryError | DeviceLostError} when a GPU cannot be had
   */
  static async create(options: SweepOptions): Promise<Sweep> {
    requireOptions('Sweep.create', options, optionNames);
    const { members, network, gpu, isVisible } = options;
    const batchSize = requireBatchSize(options.batchSize);
    requireSwitch('shuffle', options.shuffle);
    requireSource(options);
    requireObject('The network of a sweep', network);
    const optimizer = requireOneRule(members);
    const first = new Network({ ...network, seed: members[0]!.seed });
    const device = options.device ?? (await Device.request({ gpu, isVisible }));
    const release = options.device ? () => undefined : () => device.destroy();
    try {
      requireRoom(device, first, members.length);
      const networks = members.map(({ seed }) => new Network({ ...network, seed }));
      const engine = await SweepEngine.create(device, { networks, batchSize, optimizer });
      try {
        if (options.state) restore(engine, members.length, options.state);
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

  /** How a step is cut up, in words. */
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
   * Takes the training set ahead of `fit`, which otherwise does it: uploads it and compiles what it needs. For
   * those who want to time training alone.
   */
  async prepare(training: Dataset): Promise<void> {
    await this.#loop.prepare(training);
  }

  /**
   * Trains all networks. Each iteration reports what was done since the one before; training goes on meanwhile, up to
   * two reports ahead. Leaving the loop stops it after the steps already submitted, and the next `fit` on the same
   * dataset goes on where this one stopped.
   * @throws {ConfigurationError} when the dataset does not fit the networks, or another `fit` is under way
   * @throws {LimitError} when the dataset, or an order of it for each network, does not fit the device
   * @throws {DeviceLostError} when the device is lost; what was learned is gone
   * @throws the signal's reason
   */
  fit(training: Dataset, options: FitOptions = {}): AsyncGenerator<SweepProgress, void, void> {
    const defaults = { reportEvery: defaultReportEvery };
    return this.#loop.fit(training, options, defaults, (metrics) => ({
      samples: metrics.samples * this.members.length,
      members: resultsOf(metrics),
    }));
  }

  /** Cost and accuracy of each member on any dataset, with the parameters as they are. */
  async evaluate(dataset: Dataset): Promise<readonly MemberResult[]> {
    this.#loop.requireUsable();
    requireFits(this.#networks[0]!, dataset);
    return resultsOf(await this.#engine.evaluate(dataset));
  }

  /**
   * The network of one member, as learned so far.
   * @param index in `members`
   * @throws {ConfigurationError} when there is no such member
   * @throws {NonFiniteError} when it has diverged
   */
  async network(index: number): Promise<Network> {
    this.#loop.requireUsable();
    const network = Number.isInteger(index) ? this.#networks[index] : undefined;
    if (!network) {
      throw new ConfigurationError(
        `There is no member ${show(index)} in a sweep of ${this.#networks.length}, which are numbered from 0.`,
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
   * Where all networks stand, for `state` of a later sweep.
   * @throws {ConfigurationError} while a `fit` is under way
   */
  async state(): Promise<SweepState> {
    this.#loop.requireIdle();
    const { stateSize } = this.#engine;
    const values = new Float32Array(stateSize * this.members.length);
    for (const n of this.members.keys()) values.set(await this.#engine.readState(n), stateSize * n);
    return { ...this.#loop.cursor.position, values };
  }

  /** Frees what the sweep holds; a device that was handed in stays. Calling it again does nothing. */
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
        // Members of one seed visit the samples in one order.
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

/** @throws {ConfigurationError} for a state of other networks */
function restore(
  engine: SweepEngine,
  count: number,
  { step, epoch, stepOfEpoch, values }: SweepState,
): void {
  const { stateSize } = engine;
  const expected = stateSize * count;
  if (values.length !== expected) {
    throw new ConfigurationError(
      `state has ${values.length} numbers, and ${count} networks of this shape and optimizer have ${expected}. Give the state of a sweep with the same options.`,
    );
  }
  for (const [name, value] of Object.entries({ step, epoch, stepOfEpoch })) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new ConfigurationError(
      `state.${name} must be a whole number of at least 0; got ${value}. Give what Sweep.state() gave.`,
    );
  }
  for (let n = 0; n < count; n++) {
    engine.writeState(n, values.subarray(stateSize * n, stateSize * (n + 1)));
  }
}

/** The optimizer of the first member, which speaks for all but in its learning rate. */
function requireOneRule(members: readonly SweepMember[]): Optimizer {
  requireArray('The members of a sweep', members);
  for (const member of members) {
    requireOptions('A member of a sweep', member, { seed: true, optimizer: true });
    requireOptimizer(member.optimizer);
  }
  const [first] = members;
  if (!first) {
    throw new ConfigurationError(
      'A sweep needs at least one member, and none was given. Give a seed and an optimizer for each network.',
    );
  }
  const rule = ({ optimizer }: SweepMember) => JSON.stringify({ ...optimizer, learningRate: 0 });
  const other = members.findIndex((member) => rule(member) !== rule(first));
  if (other < 0) return first.optimizer;
  throw new ConfigurationError(
    `The optimizers of a sweep differ in their learning rate alone, and those of members 0 and ${other} differ in more ` +
      `(${rule(first)} and ${rule(members[other]!)}). Give each optimizer a sweep of its own.`,
  );
}
