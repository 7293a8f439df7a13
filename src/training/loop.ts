/** The training loop of trainers (one network) and sweeps (many networks). */
import type { Dataset } from '../data/dataset.ts';
import { fileOrder, shuffledOrder } from '../data/shuffle.ts';
import { requireFits, stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor, type TrainingPosition } from '../engine/cursor.ts';
import { ConfigurationError, DisposedError } from '../errors.ts';
import { requireOptions, requireSignal, show, type OptionNames } from '../network/arguments.ts';
import type { Network } from '../network/network.ts';

export interface FitOptions {
  /** Epochs to complete, counting one that an earlier `fit` left unfinished. Default 1, unless `steps` is given. */
  readonly epochs?: number;
  /** Steps to make, instead of `epochs`. */
  readonly steps?: number;
  /** Steps between two reports. Default 100, or 50 for a sweep. Every epoch ends with a report. */
  readonly reportEvery?: number;
  /** Stops the training after the steps already submitted; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The common part of all reports. */
export interface FitReport {
  /** The current epoch, counting from 1. */
  readonly epoch: number;
  /** Steps made since the trainer was created; in a sweep, by each network. */
  readonly step: number;
  /** Whether the epoch is complete. No later step has begun then, so `evaluate` sees exactly this epoch. */
  readonly endOfEpoch: boolean;
  /** Samples trained on since the last report; in a sweep, by all networks together. */
  readonly samples: number;
  /** Seconds since the last report. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** The trainer or sweep that the loop drives. */
interface Subject<Metrics> {
  readonly kind: 'trainer' | 'sweep';
  readonly network: Pick<Network, 'layers'>;
  readonly batchSize: number;
  readonly engine: {
    load(training: Dataset): Promise<void>;
    /** Like `Engine.run`. */
    run(steps: number, signal: AbortSignal): Promise<Metrics>;
    dispose(): Promise<void>;
  };
  /** Frees the device if the subject created it. Called after the engine is disposed. */
  readonly release: () => void;
  /** Begins or resumes an epoch in the engine. */
  beginEpoch(at: TrainingPosition, training: Dataset, signal: AbortSignal): void | Promise<void>;
  /** Prepares the next epoch while the engine computes and this thread would only wait. */
  prepareEpoch?(epoch: number, training: Dataset): void;
  /** Takes the metrics of each run, also of runs without a report. @param step the steps made so far */
  record?(metrics: Metrics, step: number): void;
}

/** Number of runs submitted ahead, so that the engine never waits for the reader of reports. */
const runsAhead = 2;

export class TrainingLoop<Metrics extends { readonly steps: number }> {
  /** The position of the last report. The engine's cursor is ahead by the pending runs. */
  readonly cursor: TrainingCursor;
  /** A permanent failure. All later calls throw it. */
  failure: Error | undefined;
  readonly #subject: Subject<Metrics>;
  #loaded: Dataset | undefined;
  /** The load in progress. */
  #loading: { readonly dataset: Dataset; readonly done: Promise<void> } | undefined;
  /** Whether an epoch was ever begun. Before that, the cursor may hold the position of an earlier run. */
  #hasBegun = false;
  /** Whether the engine is in the cursor's epoch and will make its next step. */
  #isInStep = false;
  #isFitting = false;
  /** Runs that were submitted and not yet counted by the cursor, the oldest first. */
  readonly #pending: Promise<Metrics>[] = [];
  #isDisposed = false;

  /** @param position the position of an earlier run. Default: the start */
  constructor(subject: Subject<Metrics>, position?: TrainingPosition) {
    this.#subject = subject;
    this.cursor = new TrainingCursor(undefined, position);
  }

  /** Loads the training set before `fit`. */
  async prepare(training: Dataset): Promise<void> {
    this.requireIdle();
    requireFits(this.#subject.network, training);
    await this.#load(training);
  }

  /**
   * Trains and reports. Runs are submitted ahead of their reports. Leaving the loop stops training after the submitted
   * steps, which still count.
   * @param defaults default options
   * @param reportOf creates the report of the steps since the last one, in this epoch; the cursor has moved past them
   * @throws {ConfigurationError} when the dataset does not fit, or another `fit` is running
   * @throws the signal's reason; the errors of the engine and `reportOf`
   */
  async *fit<Part extends { readonly samples: number }>(
    training: Dataset,
    options: FitOptions,
    defaults: { readonly reportEvery: number },
    reportOf: (metrics: Metrics, epoch: number) => Part,
  ): AsyncGenerator<FitReport & Part, void, void> {
    const { reportEvery = defaults.reportEvery, signal } = requireFitOptions(options);
    const { cursor } = this;
    const { network, engine } = this.#subject;
    this.requireIdle();
    requireFits(network, training);
    signal?.throwIfAborted();
    this.#isFitting = true;
    const pending = this.#pending;
    // Stops pending runs when the signal aborts or the reader leaves the loop.
    const leaving = new AbortController();
    const leave = () => leaving.abort(signal?.reason);
    signal?.addEventListener('abort', leave);
    try {
      await this.#load(training);
      this.#requireWithinEpoch();
      let left = stepsToMake(options, cursor);
      let lastReport = performance.now();
      while (left > 0) {
        await this.#beginEpoch(training, leaving.signal);
        let leftInEpoch = Math.min(left, cursor.stepsLeft);
        left -= leftInEpoch;
        while (leftInEpoch > 0 || pending.length > 0) {
          while (leftInEpoch > 0 && pending.length < runsAhead) {
            const asked = Math.min(reportEvery, leftInEpoch);
            leftInEpoch -= asked;
            const metrics = engine.run(asked, leaving.signal);
            // It is awaited later. Until then, a rejection must not count as unhandled.
            metrics.catch(() => undefined);
            pending.push(metrics);
          }
          if (left > 0) this.#subject.prepareEpoch?.(cursor.epoch + 1, training);
          const { metrics, epoch, endOfEpoch } = await this.#settle();
          signal?.throwIfAborted();
          const now = performance.now();
          const part = reportOf(metrics, epoch);
          const seconds = (now - lastReport) / 1000;
          lastReport = now;
          const samplesPerSecond = part.samples / seconds;
          yield { epoch, step: cursor.step, endOfEpoch, seconds, samplesPerSecond, ...part };
          // Nothing was running while the reader had control, so that time does not count as training.
          if (pending.length === 0) lastReport = performance.now();
        }
      }
    } finally {
      leave();
      signal?.removeEventListener('abort', leave);
      // Steps of pending runs count, even without a report.
      while (pending.length > 0) await this.#settle().catch(() => undefined);
      this.#isFitting = false;
    }
  }

  /** @throws {DisposedError | ConfigurationError} when it is disposed, or a `fit` is running */
  requireIdle(): void {
    this.requireUsable();
    if (!this.#isFitting) return;
    const { kind } = this.#subject;
    throw new ConfigurationError(
      `This ${kind} is already running fit(). Leave that loop, or create a second ${kind}.`,
    );
  }

  /** @throws {DisposedError} when it is disposed; otherwise its `failure`, if any */
  requireUsable(): void {
    if (this.#isDisposed) {
      throw new DisposedError(
        `This ${this.#subject.kind} has been disposed. Create a new one to continue.`,
      );
    }
    if (this.failure) throw this.failure;
  }

  /** The training set in the engine. */
  get loaded(): Dataset | undefined {
    return this.#loaded;
  }

  /**
   * The position after all runs that are submitted when this is called.
   * @param onRun takes the metrics of these runs, which `record` has not had yet, and the steps made by then
   */
  async positionReached(
    onRun?: (metrics: Metrics, step: number) => void,
  ): Promise<TrainingPosition> {
    const reached = new TrainingCursor(this.cursor.stepsPerEpoch, this.cursor.position);
    for (const pending of [...this.#pending]) {
      const metrics = await pending;
      reached.advance(metrics.steps);
      onRun?.(metrics, reached.step);
    }
    if (reached.stepsLeft === 0) reached.nextEpoch();
    return reached.position;
  }

  /**
   * Continues from another position, whose state the engine is given. An earlier failure no longer counts.
   * @throws {DisposedError | ConfigurationError} when it is disposed, or a `fit` is running
   */
  moveTo(position: TrainingPosition): void {
    const { failure } = this;
    this.failure = undefined;
    try {
      this.requireIdle();
    } catch (error) {
      this.failure = failure;
      throw error;
    }
    this.cursor.moveTo(position);
    this.#isInStep = false;
    this.#hasBegun = false;
  }

  /** Disposes the engine, then calls `release`. Calling it again does nothing. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#subject.engine.dispose();
    this.#subject.release();
  }

  /**
   * Loads a training set, unless it is loaded or being loaded.
   * @throws {ConfigurationError} while another training set is being loaded
   */
  async #load(training: Dataset): Promise<void> {
    const other = this.#loading?.dataset ?? training;
    if (other !== training) {
      throw new ConfigurationError(
        `This ${this.#subject.kind} is still loading dataset '${other.name}'; got dataset '${training.name}'. Await prepare() first.`,
      );
    }
    if (this.#loaded === training) return;
    this.#loading ??= {
      dataset: training,
      done: this.#replaceTraining(training).finally(() => (this.#loading = undefined)),
    };
    await this.#loading.done;
  }

  async #replaceTraining(training: Dataset): Promise<void> {
    // An unfinished epoch of another dataset is skipped.
    if (this.#hasBegun) this.cursor.nextEpoch();
    this.#isInStep = false;
    // If loading fails, the engine has no training set.
    this.#loaded = undefined;
    await this.#subject.engine.load(training);
    this.#loaded = training;
    this.cursor.stepsPerEpoch = stepsPerEpoch(training.sampleCount, this.#subject.batchSize);
  }

  async #beginEpoch(training: Dataset, signal: AbortSignal): Promise<void> {
    if (this.#isInStep) return;
    await this.#subject.beginEpoch(this.cursor.position, training, signal);
    this.#hasBegun = true;
    this.#isInStep = true;
  }

  /**
   * Awaits the oldest run and advances the cursor by its steps. After the last step, the cursor enters the next epoch.
   */
  async #settle(): Promise<{
    readonly metrics: Metrics;
    readonly epoch: number;
    readonly endOfEpoch: boolean;
  }> {
    const { cursor } = this;
    let metrics: Metrics;
    try {
      metrics = await this.#pending[0]!;
    } catch (error) {
      // The number of steps made is unknown.
      this.#isInStep = false;
      throw error;
    } finally {
      void this.#pending.shift();
    }
    const epoch = cursor.epoch + 1;
    cursor.advance(metrics.steps);
    this.#subject.record?.(metrics, cursor.step);
    const endOfEpoch = cursor.stepsLeft === 0;
    if (endOfEpoch) {
      cursor.nextEpoch();
      this.#isInStep = false;
    }
    return { metrics, epoch, endOfEpoch };
  }

  /** Checks a restored position, which may belong to a larger dataset. */
  #requireWithinEpoch(): void {
    const { stepOfEpoch, stepsPerEpoch: perEpoch } = this.cursor;
    if (stepOfEpoch < perEpoch) return;
    throw new ConfigurationError(
      `The ${this.#subject.kind}'s state is ${stepOfEpoch} steps into an epoch, but an epoch of this dataset has ${perEpoch}. Use the dataset that the state was saved with.`,
    );
  }
}

/**
 * Creates the orders in which epochs visit samples, and caches the last one. Creating an order of 60,000 samples takes
 * as long as 100 steps of a small network.
 */
export class EpochOrders {
  readonly #shuffle: boolean;
  #key = '';
  #order = new Uint32Array();

  constructor(shuffle = true) {
    this.#shuffle = shuffle;
  }

  /** @returns [sampleCount]; do not modify it, because it is cached */
  of(seed: number, epoch: number, sampleCount: number): Uint32Array<ArrayBuffer> {
    const key = this.#shuffle ? `${seed} ${epoch} ${sampleCount}` : `${sampleCount}`;
    if (key !== this.#key) {
      this.#order = this.#shuffle
        ? shuffledOrder(seed, epoch, sampleCount)
        : fileOrder(sampleCount);
      this.#key = key;
    }
    return this.#order;
  }
}

const fitOptionNames: OptionNames<FitOptions> = {
  ...{ epochs: true, steps: true, reportEvery: true, signal: true },
};

/** @throws {ConfigurationError} */
function requireFitOptions(options: FitOptions): FitOptions {
  requireOptions('fit', options, fitOptionNames);
  const { epochs, steps, reportEvery, signal } = options;
  requireSignal(signal);
  for (const [name, count] of Object.entries({ epochs, steps, reportEvery })) {
    if (count === undefined || (Number.isSafeInteger(count) && count >= 1)) continue;
    throw new ConfigurationError(`${name} must be a positive integer; got ${show(count)}.`);
  }
  if (steps !== undefined && epochs !== undefined) {
    throw new ConfigurationError(
      `epochs and steps cannot be combined; got epochs ${epochs} and steps ${steps}. Give only one of them.`,
    );
  }
  return options;
}

/** An unfinished epoch counts as the first of `epochs`. */
function stepsToMake({ epochs = 1, steps }: FitOptions, cursor: TrainingCursor): number {
  return steps ?? epochs * cursor.stepsPerEpoch - cursor.stepOfEpoch;
}
