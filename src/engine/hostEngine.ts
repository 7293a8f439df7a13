/**
 * The common part of the engines that compute on the CPU, in this thread or in others. It tracks the position in the
 * epoch, keeps calls in order and yields to the event loop. Each engine adds its arithmetic.
 *
 * The arithmetic receives mini-batches in chunks of bounded work. A mini-batch as large as the training set then needs
 * no more memory than a small one, and never blocks the event loop for long.
 */
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError } from '../errors.ts';
import {
  batchExtent,
  requireBatchSize,
  requireEpoch,
  requireFits,
  requireStepsLeft,
} from './batches.ts';
import type { TrainingCursor, TrainingPosition } from './cursor.ts';
import type {
  Backend,
  Engine,
  EngineOptions,
  EngineState,
  Evaluation,
  StepMetrics,
} from './engine.ts';
import { JoinedPass, type Pass, type Values } from './pass.ts';
import { TimeSlice } from './timeSlice.ts';
import { Turns } from './turns.ts';

/** Results of a forward pass, by sample. The next pass may overwrite the arrays. */
export interface PassResult {
  /** [size, outputs] */
  readonly outputs: ArrayLike<number>;
  /** [size] */
  readonly costs: ArrayLike<number>;
  /** Index of each sample's largest output, [size]. */
  readonly predictions: ArrayLike<number>;
}

/** Sums over the samples of a forward pass. */
export interface PassSums {
  readonly costSum: number;
  /** Number of samples predicted correctly. */
  readonly correct: number;
}

/** Parameters and the operations that every arithmetic has. */
interface AnyArithmetic {
  /** Maximum number of samples per call. */
  readonly chunkSize: number;
  /** Copies the training set, if this arithmetic needs a copy. */
  load?(training: Dataset): void | Promise<void>;
  /** @param samples at most `chunkSize` consecutive samples in file order */
  infer(dataset: Dataset, samples: Uint32Array): PassResult | Promise<PassResult>;
  /**
   * Computes gradients without an update. The next step does not depend on it.
   * @param samples at most `chunkSize`
   * @returns values that the next pass may overwrite
   */
  explain(dataset: Dataset, samples: Uint32Array): Pass | Promise<Pass>;
  /** A copy in the precision of this arithmetic, in the layout of `parameterLayout`. */
  readParameters(): Values;
  /** Copies of the optimizer's arrays, like {@link readParameters}. */
  readMoments(): readonly Values[];
  writeState(state: EngineState): void;
  /** Frees memory and threads. No method may be called afterwards. */
  dispose?(): void;
}

/** Arithmetic in this thread. A step is divided into several calls. */
export interface SteppingArithmetic extends AnyArithmetic {
  /** Starts a step over `batchSize` samples with a gradient of 0. */
  beginStep(batchSize: number): void;
  /**
   * Adds the gradient of these samples of the mini-batch to the step's gradient.
   * @param samples at most `chunkSize`
   */
  addGradient(dataset: Dataset, samples: Uint32Array): PassSums;
  /**
   * Ends the step by updating the parameters.
   * @param step counting from 0, over all epochs
   * @returns the last layer whose update was not finite; undefined if all were finite
   */
  update(step: number): number | undefined;
}

/** Consecutive steps to make. */
export interface EpochPart {
  /** The order of the whole epoch. It is the same array until the epoch ends. */
  readonly order: Uint32Array;
  /** The position of the first step. */
  readonly at: TrainingPosition;
  readonly steps: number;
}

export interface MadeSteps {
  /**
   * The sums of each step. They are kept apart because the number of steps per call depends on timing: adding them one
   * by one gives the same bits for any number.
   */
  readonly steps: readonly PassSums[];
  /** Samples of all these steps. */
  readonly samples: number;
  /** The last layer whose update was not finite in the last step. */
  readonly nonFiniteLayer?: number | undefined;
}

/** Arithmetic in other threads, many steps per call. */
export interface RunningArithmetic extends AnyArithmetic {
  /**
   * Makes at least one of the steps, and as many as fit into a few milliseconds.
   * @param signal cancels the current step, which then changes nothing
   */
  makeSteps(part: EpochPart, signal: AbortSignal | undefined): Promise<MadeSteps>;
}

export type Arithmetic = SteppingArithmetic | RunningArithmetic;

/** Samples × parameters of one chunk: about ten milliseconds of work. */
const chunkWork = 2 ** 22;
const largestChunk = 128;

/** The maximum number of samples per call: a multiple of 4 from 4 to 128. */
export function chunkSize(parameterCount: number): number {
  const samples = Math.floor(chunkWork / parameterCount / 4) * 4;
  return Math.min(largestChunk, Math.max(4, samples));
}

interface Epoch {
  readonly training: Dataset;
  readonly order: Uint32Array;
  /** The position where the next run begins. */
  readonly cursor: TrainingCursor;
}

export class HostEngine<T extends Arithmetic> implements Engine {
  readonly backend: Backend;
  readonly #network: EngineOptions['network'];
  readonly #batchSize: number;
  readonly #slice = new TimeSlice();
  #arithmetic: T | undefined;
  #training: Dataset | undefined;
  /** The dataset that the arithmetic has loaded. It lags behind `#training`; it is undefined if loading failed. */
  #loaded: Dataset | undefined;
  #epoch: Epoch | undefined;
  #nonFinite: StepMetrics['nonFinite'];
  readonly #turns: Turns;

  /** @throws {ConfigurationError} unless the batch size is a positive integer */
  constructor(backend: Backend, options: EngineOptions, arithmetic: T) {
    this.backend = backend;
    this.#network = options.network;
    this.#batchSize = requireBatchSize(options.batchSize);
    this.#arithmetic = arithmetic;
    this.#turns = new Turns(
      `This ${backend} engine has been disposed. Create a new one to continue.`,
    );
  }

  /** @throws {DisposedError} after `dispose()` */
  protected get arithmetic(): T {
    return this.#requireUsable();
  }

  load(training: Dataset): Promise<void> {
    return new Promise((resolve) => {
      this.#requireUsable();
      requireFits(this.#network, training);
      // Queued behind the pending steps, which still need the previous dataset.
      resolve(this.#turns.take(() => this.#load(training)));
      this.#training = training;
      this.#epoch = undefined;
    });
  }

  beginEpoch(order: Uint32Array<ArrayBuffer>, at: TrainingPosition): void {
    this.#requireUsable();
    const training = this.#training;
    if (!training) {
      throw new ConfigurationError(
        'An epoch cannot begin before a training set is loaded. Call load() first.',
      );
    }
    const cursor = requireEpoch(order, at, training.sampleCount, this.#batchSize);
    // A copy, because the caller may fill the same array for the next epoch while steps are waiting.
    this.#epoch = { training, order: order.slice(), cursor };
  }

  run(steps: number, signal?: AbortSignal): Promise<StepMetrics> {
    // Read now, because a later beginEpoch() must not affect calls already made.
    const epoch = this.#epoch;
    return this.#turns.take(() => this.#run(epoch, steps, signal));
  }

  evaluate(dataset: Dataset): Promise<Evaluation> {
    return this.#turns.take(async () => {
      const size = this.#network.layers.at(-1)!;
      const confusion = Array.from({ length: size }, () => Array<number>(size).fill(0));
      let cost = 0;
      let correct = 0;
      await this.#infer(dataset, ({ costs, predictions }, samples) => {
        samples.forEach((sample, n) => {
          const label = dataset.labels[sample]!;
          const prediction = predictions[n]!;
          cost += costs[n]!;
          confusion[label]![prediction]!++;
          if (prediction === label) correct++;
        });
      });
      const { sampleCount } = dataset;
      return { cost: cost / sampleCount, accuracy: correct / sampleCount, confusion };
    });
  }

  predict(dataset: Dataset): Promise<Float32Array<ArrayBuffer>> {
    return this.#turns.take(async () => {
      const size = this.#network.layers.at(-1)!;
      const predicted = new Float32Array(dataset.sampleCount * size);
      await this.#infer(dataset, ({ outputs }, samples) => {
        const from = samples[0]! * size;
        for (let i = 0; i < samples.length * size; i++) predicted[from + i] = outputs[i]!;
      });
      return predicted;
    });
  }

  explain(dataset: Dataset, samples: Uint32Array<ArrayBuffer>): Promise<JoinedPass> {
    return this.#turns.take(async () => {
      requireFits(this.#network, dataset);
      const parameters = this.arithmetic.readParameters();
      const pass = new JoinedPass(this.#network.layers, samples.length, parameters);
      await this.#inChunks(samples.length, async (start, end) => {
        pass.add(start, await this.arithmetic.explain(dataset, samples.subarray(start, end)));
      });
      return pass;
    });
  }

  readParameters(): Promise<Float32Array<ArrayBuffer>> {
    return this.#turns.take(() => Float32Array.from(this.arithmetic.readParameters()));
  }

  readState(): Promise<EngineState> {
    return this.#turns.take(() => {
      const { arithmetic } = this;
      return { parameters: arithmetic.readParameters(), moments: arithmetic.readMoments() };
    });
  }

  writeState(state: EngineState): Promise<void> {
    return this.#turns.take(() => {
      this.arithmetic.writeState(state);
      this.#nonFinite = undefined;
    });
  }

  async dispose(): Promise<void> {
    if (!(await this.#turns.end())) return;
    this.#arithmetic?.dispose?.();
    this.#arithmetic = undefined;
    this.#training = undefined;
    this.#epoch = undefined;
  }

  async #load(training: Dataset): Promise<void> {
    this.#loaded = undefined;
    await this.arithmetic.load?.(training);
    this.#loaded = training;
  }

  async #run(
    epoch: Epoch | undefined,
    steps: number,
    signal: AbortSignal | undefined,
  ): Promise<StepMetrics> {
    if (!epoch || epoch.training !== this.#loaded) {
      throw new ConfigurationError(
        'Cannot run steps: no epoch has begun. Call load() and beginEpoch() first.',
      );
    }
    const { cursor } = epoch;
    requireStepsLeft(steps, cursor.stepsLeft);
    const sums = { steps: 0, samples: 0, costSum: 0, correct: 0 };
    while (sums.steps < steps && !signal?.aborted) {
      const made = await this.#makeSteps(epoch, steps - sums.steps, signal);
      if (!made) break;
      cursor.advance(made.steps.length);
      sums.steps += made.steps.length;
      sums.samples += made.samples;
      for (const { costSum, correct } of made.steps) {
        sums.costSum += costSum;
        sums.correct += correct;
      }
      const { nonFiniteLayer: layer } = made;
      if (layer !== undefined) this.#nonFinite ??= { layer, step: cursor.step - 1 };
    }
    return { ...sums, ...(this.#nonFinite && { nonFinite: this.#nonFinite }) };
  }

  /** Makes at least one step. Returns undefined, with nothing changed, if the signal aborts the first step. */
  async #makeSteps(
    { training, order, cursor }: Epoch,
    steps: number,
    signal: AbortSignal | undefined,
  ): Promise<MadeSteps | undefined> {
    const { arithmetic } = this;
    if ('makeSteps' in arithmetic) {
      const made = await arithmetic.makeSteps({ order, at: cursor, steps }, signal);
      return made.steps.length > 0 ? made : undefined;
    }
    const { start, size } = batchExtent(cursor.stepOfEpoch, training.sampleCount, this.#batchSize);
    const samples = order.subarray(start, start + size);
    return await this.#makeStep(arithmetic, training, samples, cursor.step, signal);
  }

  async #makeStep(
    arithmetic: SteppingArithmetic,
    training: Dataset,
    samples: Uint32Array,
    step: number,
    signal: AbortSignal | undefined,
  ): Promise<MadeSteps | undefined> {
    const sums = { costSum: 0, correct: 0 };
    arithmetic.beginStep(samples.length);
    const { chunkSize: size } = arithmetic;
    for (let start = 0; start < samples.length; start += size) {
      if (this.#slice.isOver()) await this.#slice.next();
      if (signal?.aborted) return undefined;
      // dispose() may have been called during the wait.
      this.#requireUsable();
      const { costSum, correct } = arithmetic.addGradient(
        training,
        samples.subarray(start, start + size),
      );
      sums.costSum += costSum;
      sums.correct += correct;
    }
    const nonFiniteLayer = arithmetic.update(step);
    return { steps: [sums], samples: samples.length, nonFiniteLayer };
  }

  /** Runs the network on every sample of a dataset, in file order and in chunks. */
  async #infer(
    dataset: Dataset,
    visit: (result: PassResult, samples: Uint32Array) => void,
  ): Promise<void> {
    requireFits(this.#network, dataset);
    await this.#inChunks(dataset.sampleCount, async (start, end) => {
      const samples = Uint32Array.from({ length: end - start }, (_, n) => start + n);
      visit(await this.arithmetic.infer(dataset, samples), samples);
    });
  }

  /** Visits the ranges of the chunks of `count` samples. */
  async #inChunks(
    count: number,
    visit: (start: number, end: number) => Promise<void>,
  ): Promise<void> {
    const { chunkSize: size } = this.arithmetic;
    for (let start = 0; start < count; start += size) {
      if (this.#slice.isOver()) await this.#slice.next();
      await visit(start, Math.min(start + size, count));
    }
  }

  #requireUsable(): T {
    this.#turns.requireLive();
    return this.#arithmetic!;
  }
}
