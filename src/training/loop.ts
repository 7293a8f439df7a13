/** The loop of training, which a trainer goes through with one network and a sweep with many. */
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
  /** Steps between two reports. Default 100, of a sweep 50. Every epoch ends with a report. */
  readonly reportEvery?: number;
  /** Stops the training after the steps already submitted; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What every report has: what training did since the last one. */
export interface FitReport {
  /** The epoch it is in, counting from 1. */
  readonly epoch: number;
  /** Steps made since the trainer was created; in a sweep, by each network. */
  readonly step: number;
  /** Whether the epoch is complete. Nothing further is under way then: `evaluate` sees exactly this epoch. */
  readonly endOfEpoch: boolean;
  /** Samples trained on since the last report; in a sweep, by all networks together. */
  readonly samples: number;
  /** Seconds since the last report. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** What the loop goes through its epochs with. */
interface Subject<Metrics> {
  readonly kind: 'trainer' | 'sweep';
  readonly network: Pick<Network, 'layers'>;
  readonly batchSize: number;
  readonly engine: {
    load(training: Dataset): Promise<void>;
    /** As `Engine.run`. */
    run(steps: number, signal: AbortSignal): Promise<Metrics>;
    dispose(): Promise<void>;
  };
  /** Frees what was made beside the engine, after the engine is disposed. */
  readonly release: () => void;
  /** Begins an epoch with the engine, or goes on with one, in the orders of its samples. */
  beginEpoch(at: TrainingPosition, training: Dataset, signal: AbortSignal): void | Promise<void>;
  /** Called while the engine computes, and this thread would wait. */
  prepareEpoch?(epoch: number, training: Dataset): void;
}

/** Runs asked for ahead of the report awaited, so that the engine never waits for the reader of reports. */
const runsAhead = 2;

export class TrainingLoop<Metrics extends { readonly steps: number }> {
  /** What reports have come to. The engine's own cursor is ahead of it by the runs under way. */
  readonly cursor: TrainingCursor;
  /** What leaves nothing to go on with: thrown by everything that is asked for afterwards. */
  failure: Error | undefined;
  readonly #subject: Subject<Metrics>;
  #loaded: Dataset | undefined;
  /** Whether an epoch was ever begun; before that, the cursor stands where an earlier run stood. */
  #hasBegun = false;
  /** Whether the engine is in the epoch of the cursor, and makes its next step. */
  #isInStep = false;
  #isFitting = false;
  #isDisposed = false;

  /** @param position where an earlier run stood; default: the start */
  constructor(subject: Subject<Metrics>, position?: TrainingPosition) {
    this.#subject = subject;
    this.cursor = new TrainingCursor(undefined, position);
  }

  /** Takes the training set ahead of `fit`. */
  async prepare(training: Dataset): Promise<void> {
    this.requireIdle();
    requireFits(this.#subject.network, training);
    await this.#load(training);
  }

  /**
   * Trains, and reports. Runs are asked for ahead of their reports; leaving the loop stops it after the steps already
   * submitted, which count.
   * @param defaults of the options
   * @param reportOf what a report says of the steps made since the last one, in this epoch; the cursor is behind them
   * @throws {ConfigurationError} when the dataset does not fit, or another `fit` is under way
   * @throws the signal's reason; what the engine and `reportOf` throw
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
    const pending: Promise<Metrics>[] = [];
    // Stops what is under way, whether it is the signal that ends the loop or the reader leaving it.
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
            // Awaited in its turn; one that fails earlier must not count as unhandled.
            metrics.catch(() => undefined);
            pending.push(metrics);
          }
          if (left > 0) this.#subject.prepareEpoch?.(cursor.epoch + 1, training);
          const { metrics, epoch, endOfEpoch } = await this.#settle(pending);
          signal?.throwIfAborted();
          const now = performance.now();
          const part = reportOf(metrics, epoch);
          const seconds = (now - lastReport) / 1000;
          lastReport = now;
          const samplesPerSecond = part.samples / seconds;
          yield { epoch, step: cursor.step, endOfEpoch, seconds, samplesPerSecond, ...part };
          // With nothing under way, what the reader did meanwhile is not training.
          if (pending.length === 0) lastReport = performance.now();
        }
      }
    } finally {
      leave();
      signal?.removeEventListener('abort', leave);
      // What was made of the runs under way was trained, if not reported.
      while (pending.length > 0) await this.#settle(pending).catch(() => undefined);
      this.#isFitting = false;
    }
  }

  /** @throws {DisposedError | ConfigurationError} when it is disposed of, or a `fit` is under way */
  requireIdle(): void {
    this.requireUsable();
    if (!this.#isFitting) return;
    const { kind } = this.#subject;
    throw new ConfigurationError(
      `This ${kind} is fitting already. Leave that loop, or create a second ${kind}.`,
    );
  }

  /** @throws {DisposedError} when it is disposed of, else its `failure` where there is one */
  requireUsable(): void {
    if (this.#isDisposed) {
      throw new DisposedError(
        `This ${this.#subject.kind} was disposed of. Create a new one to go on.`,
      );
    }
    if (this.failure) throw this.failure;
  }

  /** Disposes of the engine, and what was made beside it. Calling it again does nothing. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#subject.engine.dispose();
    this.#subject.release();
  }

  async #load(training: Dataset): Promise<void> {
    if (this.#loaded === training) return;
    // An epoch of another dataset that was left unfinished stays unfinished.
    if (this.#hasBegun) this.cursor.nextEpoch();
    this.#isInStep = false;
    // Where loading fails, the engine has no training set any more.
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

  /** Awaits the oldest run and moves on by the steps it really made, into the next epoch after the last. */
  async #settle(
    pending: Promise<Metrics>[],
  ): Promise<{ readonly metrics: Metrics; readonly epoch: number; readonly endOfEpoch: boolean }> {
    const { cursor } = this;
    let metrics: Metrics;
    try {
      metrics = await pending.shift()!;
    } catch (error) {
      // How many of its steps the engine has made is not known.
      this.#isInStep = false;
      throw error;
    }
    const epoch = cursor.epoch + 1;
    cursor.advance(metrics.steps);
    const endOfEpoch = cursor.stepsLeft === 0;
    if (endOfEpoch) {
      cursor.nextEpoch();
      this.#isInStep = false;
    }
    return { metrics, epoch, endOfEpoch };
  }

  /** Only a position from elsewhere can be beyond the end of an epoch. */
  #requireWithinEpoch(): void {
    const { stepOfEpoch, stepsPerEpoch: perEpoch } = this.cursor;
    if (stepOfEpoch < perEpoch) return;
    throw new ConfigurationError(
      `The ${this.#subject.kind}'s state is ${stepOfEpoch} steps into an epoch, and an epoch of this dataset has ${perEpoch}. Train on the dataset that the state was made with.`,
    );
  }
}

/**
 * The orders in which epochs visit samples. The last one made is kept: making one for 60,000 samples takes as long as 100
 * steps of a small network.
 */
export class EpochOrders {
  readonly #shuffle: boolean;
  #key = '';
  #order = new Uint32Array();

  constructor(shuffle = true) {
    this.#shuffle = shuffle;
  }

  /** @returns [sampleCount], not to be written to */
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
    throw new ConfigurationError(
      `${name} is a whole number of at least 1, and ${show(count)} was given.`,
    );
  }
  if (steps !== undefined && epochs !== undefined) {
    throw new ConfigurationError(
      `Both ${epochs} epochs and ${steps} steps were asked for. Give one of them.`,
    );
  }
  return options;
}

/** Epochs count one that was left unfinished. */
function stepsToMake({ epochs = 1, steps }: FitOptions, cursor: TrainingCursor): number {
  return steps ?? epochs * cursor.stepsPerEpoch - cursor.stepOfEpoch;
}
