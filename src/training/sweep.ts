import type { Dataset } from '../data/dataset.ts';
import { fileOrder, shuffledOrder } from '../data/shuffle.ts';
import { ConfigurationError, DisposedError, NonFiniteError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { Device } from '../gpu/device.ts';
import { ratesOf } from '../gpu/rates.ts';
import { requireRoom, SweepEngine, type SweepMetrics } from '../gpu/sweep.ts';
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
import { requireBatchSize, requireFits, stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor, type TrainingPosition } from '../engine/cursor.ts';
import { requireOptimizer, type Optimizer } from '../engine/optimizers.ts';
import { TimeSlice } from '../engine/timeSlice.ts';
import { requireFitOptions, stepsToMake, type FitOptions } from './trainer.ts';
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
export interface SweepProgress {
  /** The epoch it is in, counting from 1. */
  readonly epoch: number;
  /** Steps that each network has made since the sweep was created. */
  readonly step: number;
  /** Whether the epoch is complete. Nothing further is under way then: `evaluate` sees exactly this epoch. */
  readonly endOfEpoch: boolean;
  /** Samples that all networks together were trained on since the last report. */
  readonly samples: number;
  /** Seconds since the last report. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** In the order of `members`. */
  readonly members: readonly MemberResult[];
}

/** Runs asked for ahead of the report awaited, so that the GPU never waits for whoever reads reports. */
const runsAhead = 2;
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
  readonly #release: () => void;
  #loaded: Dataset | undefined;
  /** What reports have come to; the engine's own is ahead. */
  #cursor = new TrainingCursor();
  /** Whether the engine has the orders and rates of the epoch. */
  #isBegun = false;
  #isFitting = false;
  #isDisposed = false;

  private constructor(
    options: SweepOptions,
    networks: readonly Network[],
    engine: SweepEngine,
    release: () => void,
  ) {
    this.#options = options;
    this.#networks = networks;
    this.#engine = engine;
    this.#release = release;
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
      const sweep = new Sweep({ ...options, members: [...members] }, networks, engine, release);
      try {
        if (options.state) sweep.#restore(options.state);
      } catch (error) {
        await engine.dispose();
        throw error;
      }
      return sweep;
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
    return this.#cursor.step;
  }

  /**
   * Takes the training set ahead of `fit`, which otherwise does it: uploads it and compiles what it needs. For
   * those who want to time training alone.
   */
  async prepare(training: Dataset): Promise<void> {
    this.#requireIdle();
    requireFits(this.#networks[0]!, training);
    await this.#load(training);
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
  async *fit(
    training: Dataset,
    options: FitOptions = {},
  ): AsyncGenerator<SweepProgress, void, void> {
    const { reportEvery = defaultReportEvery, signal } = requireFitOptions('fit', options);
    this.#requireIdle();
    requireFits(this.#networks[0]!, training);
    signal?.throwIfAborted();
    this.#isFitting = true;
    const pending: Promise<SweepMetrics>[] = [];
    // Stops what is under way, whether it is the signal that ends the loop or the reader leaving it.
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    signal?.addEventListener('abort', leave);
    try {
      await this.#load(training);
      const { stepOfEpoch, stepsPerEpoch: perEpoch } = this.#cursor;
      if (stepOfEpoch >= perEpoch) {
        throw new ConfigurationError(
          `The sweep's state is ${stepOfEpoch} steps into an epoch, and an epoch of this dataset has ${perEpoch}. Train on the dataset that the state was made with.`,
        );
      }
      let left = stepsToMake(options, this.#cursor);
      let lastReport = performance.now();
      while (left > 0) {
        if (!this.#isBegun) await this.#beginEpoch(training, leaving.signal);
        let leftInEpoch = Math.min(left, this.#cursor.stepsLeft);
        left -= leftInEpoch;
        while (leftInEpoch > 0 || pending.length > 0) {
          while (leftInEpoch > 0 && pending.length < runsAhead) {
            const asked = Math.min(reportEvery, leftInEpoch);
            leftInEpoch -= asked;
            const metrics = this.#engine.run(asked, leaving.signal);
            // Awaited in its turn; one that fails earlier must not count as unhandled.
            metrics.catch(() => undefined);
            pending.push(metrics);
          }
          const metrics = await pending.shift()!;
          const place = this.#count(metrics);
          signal?.throwIfAborted();
          const now = performance.now();
          const progress = this.#report(metrics, place, (now - lastReport) / 1000);
          lastReport = now;
          yield progress;
          // With nothing under way, what the reader did meanwhile is not training.
          if (pending.length === 0) lastReport = performance.now();
        }
      }
    } finally {
      leave();
      signal?.removeEventListener('abort', leave);
      // What was made of the runs under way was trained, if not reported.
      for (const metrics of pending) await metrics.then((made) => this.#count(made), ignore);
      this.#isFitting = false;
    }
  }

  /** Cost and accuracy of each member on any dataset, with the parameters as they are. */
  async evaluate(dataset: Dataset): Promise<readonly MemberResult[]> {
    this.#requireUsable();
    requireFits(this.#networks[0]!, dataset);
    const { costs, accuracies, diverged } = await this.#engine.evaluate(dataset);
    return Array.from(costs, (cost, n) => resultOf(cost, accuracies[n]!, diverged[n] === 1));
  }

  /**
   * The network of one member, as learned so far.
   * @param index in `members`
   * @throws {ConfigurationError} when there is no such member
   * @throws {NonFiniteError} when it has diverged
   */
  async network(index: number): Promise<Network> {
    this.#requireUsable();
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
    this.#requireIdle();
    const { stateSize } = this.#engine;
    const values = new Float32Array(stateSize * this.members.length);
    for (const n of this.members.keys()) values.set(await this.#engine.readState(n), stateSize * n);
    return { ...this.#cursor.position, values };
  }

  /** Frees what the sweep holds; a device that was handed in stays. Calling it again does nothing. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#engine.dispose();
    this.#release();
  }

  /** @throws {ConfigurationError} for a state of other networks */
  #restore({ step, epoch, stepOfEpoch, values }: SweepState): void {
    const { stateSize } = this.#engine;
    const expected = stateSize * this.members.length;
    if (values.length !== expected) {
      throw new ConfigurationError(
        `state has ${values.length} numbers, and ${this.members.length} networks of this shape and optimizer have ${expected}. Give the state of a sweep with the same options.`,
      );
    }
    for (const [name, value] of Object.entries({ step, epoch, stepOfEpoch })) {
      if (Number.isSafeInteger(value) && value >= 0) continue;
      throw new ConfigurationError(
        `state.${name} must be a whole number of at least 0; got ${value}. Give what Sweep.state() gave.`,
      );
    }
    for (const n of this.members.keys()) {
      this.#engine.writeState(n, values.subarray(stateSize * n, stateSize * (n + 1)));
    }
    this.#cursor = new TrainingCursor(undefined, { step, epoch, stepOfEpoch });
  }

  async #load(training: Dataset): Promise<void> {
    if (this.#loaded === training) return;
    // An epoch of another dataset that was left unfinished stays unfinished.
    if (this.#isBegun) this.#cursor.nextEpoch();
    this.#isBegun = false;
    // Where loading fails, the engine has no training set any more.
    this.#loaded = undefined;
    await this.#engine.load(training);
    this.#loaded = training;
    this.#cursor.stepsPerEpoch = stepsPerEpoch(training.sampleCount, this.#options.batchSize);
  }

  async #beginEpoch({ sampleCount }: Dataset, signal: AbortSignal): Promise<void> {
    const { members, shuffle = true } = this.#options;
    const slice = new TimeSlice();
    // Members of one seed visit the samples in one order.
    let last: { readonly seed: number; readonly order: Uint32Array<ArrayBuffer> } | undefined;
    await this.#engine.beginEpoch(
      (n) => ratesOf(members[n]!.optimizer),
      async (n) => {
        if (slice.isOver()) await slice.next();
        signal.throwIfAborted();
        const { seed } = members[n]!;
        if (last?.seed === seed) return last.order;
        const order = shuffle
          ? shuffledOrder(seed, this.#cursor.epoch, sampleCount)
          : fileOrder(sampleCount);
        last = { seed, order };
        return order;
      },
      this.#cursor,
    );
    this.#isBegun = true;
  }

  /** Moves on by the steps a run really made, into the next epoch after the last. */
  #count({ steps }: SweepMetrics): Pick<SweepProgress, 'epoch' | 'endOfEpoch'> {
    const cursor = this.#cursor;
    const epoch = cursor.epoch + 1;
    cursor.advance(steps);
    const endOfEpoch = cursor.stepsLeft === 0;
    if (endOfEpoch) {
      cursor.nextEpoch();
      this.#isBegun = false;
    }
    return { epoch, endOfEpoch };
  }

  #report(
    { samples, costSums, correct, diverged }: SweepMetrics,
    place: Pick<SweepProgress, 'epoch' | 'endOfEpoch'>,
    seconds: number,
  ): SweepProgress {
    const all = samples * costSums.length;
    return {
      ...place,
      step: this.#cursor.step,
      ...{ samples: all, seconds, samplesPerSecond: all / seconds },
      members: Array.from(costSums, (sum, n) =>
        resultOf(sum / samples, correct[n]! / samples, diverged[n] === 1),
      ),
    };
  }

  #requireIdle(): void {
    this.#requireUsable();
    if (!this.#isFitting) return;
    throw new ConfigurationError(
      'This sweep is fitting already. Leave that loop, or create a second sweep.',
    );
  }

  #requireUsable(): void {
    if (!this.#isDisposed) return;
    throw new DisposedError('This sweep was disposed of. Create a new one to go on.');
  }
}

const ignore = (): void => undefined;

function resultOf(cost: number, accuracy: number, isDiverged: boolean): MemberResult {
  return isDiverged ? { isDiverged, cost: NaN, accuracy: NaN } : { isDiverged, cost, accuracy };
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
