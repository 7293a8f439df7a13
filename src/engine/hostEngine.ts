/**
 * What the engines that compute on the CPU have in common, in this thread or in others: the place in the epoch, the
 * order of calls, and time for the event loop. Their arithmetic is all they add.
 *
 * Mini-batches are handed to the arithmetic in chunks of bounded work. A mini-batch as large as
 * the training set then needs no more memory than a small one, and never blocks for long.
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
import type { Backend, Engine, EngineOptions, Evaluation, StepMetrics } from './engine.ts';
import { TimeSlice } from './timeSlice.ts';
import { Turns } from './turns.ts';

/** What a forward pass says of some samples; the arrays may be written over by the next pass. */
export interface PassResult {
  /** [size, outputs] */
  readonly outputs: ArrayLike<number>;
  /** [size] */
  readonly costs: ArrayLike<number>;
  /** Index of each sample's largest output, [size]. */
  readonly predictions: ArrayLike<number>;
}

/** What a forward pass says of all its samples together. */
export interface PassSums {
  readonly costSum: number;
  /** Samples whose largest output was their label's. */
  readonly correct: number;
}

/** The parameters, and what can be asked of them. */
interface AnyArithmetic {
  /** How many samples it takes at a time. */
  readonly chunkSize: number;
  /** Takes the training set in, where it wants it in a place of its own. */
  load?(training: Dataset): void | Promise<void>;
  /** @param samples at most `chunkSize`, one after the other in file order */
  infer(dataset: Dataset, samples: Uint32Array): PassResult | Promise<PassResult>;
  /** Rounded to float32, in the layout of `parameterLayout`. */
  readParameters(): Float32Array<ArrayBuffer>;
  /** Frees what it holds; nothing is asked of it afterwards. */
  dispose?(): void;
}

/** Mathematics in this thread, a step in pieces. */
export interface SteppingArithmetic extends AnyArithmetic {
  /** Starts a step over `batchSize` samples with a gradient of 0. */
  beginStep(batchSize: number): void;
  /**
   * Adds to the step's gradient what these samples of the mini-batch ask for.
   * @param samples at most `chunkSize`
   */
  addGradient(dataset: Dataset, samples: Uint32Array): PassSums;
  /**
   * Ends the step by changing the parameters.
   * @param step counting from 0, over all epochs
   * @returns the last layer whose update was not finite; undefined where all were
   */
  update(step: number): number | undefined;
}

/** Steps that are to be made one after the other. */
export interface EpochPart {
  /** The samples of the training set in the order of the whole epoch; the same array until it ends. */
  readonly order: Uint32Array;
  /** Where the first of them is. */
  readonly at: TrainingPosition;
  readonly steps: number;
}

export interface MadeSteps {
  /**
   * What each step said, one by one: their sum is then the same however many are made at a time, which follows from
   * how long they take.
   */
  readonly steps: readonly PassSums[];
  /** In all of them. */
  readonly samples: number;
  /** The last layer whose update was not finite in the last of the steps. */
  readonly nonFiniteLayer?: number | undefined;
}

/** Mathematics in other threads, many steps at a time. */
export interface RunningArithmetic extends AnyArithmetic {
  /**
   * Makes as many of the steps as take a few milliseconds, one at least.
   * @param signal upon which the step under way is left unmade
   */
  makeSteps(part: EpochPart, signal: AbortSignal | undefined): Promise<MadeSteps>;
}

export type Arithmetic = SteppingArithmetic | RunningArithmetic;

/** Samples × parameters of one chunk: some ten milliseconds of work. */
const chunkWork = 2 ** 22;
const largestChunk = 128;

/** How many samples an arithmetic gets at most in one call: a multiple of 4 from 4 to 128. */
export function chunkSize(parameterCount: number): number {
  const samples = Math.floor(chunkWork / parameterCount / 4) * 4;
  return Math.min(largestChunk, Math.max(4, samples));
}

interface Epoch {
  readonly training: Dataset;
  readonly order: Uint32Array;
  /** Where the next run begins. */
  readonly cursor: TrainingCursor;
}

export class HostEngine<T extends Arithmetic> implements Engine {
  readonly backend: Backend;
  readonly #network: EngineOptions['network'];
  readonly #batchSize: number;
  readonly #slice = new TimeSlice();
  #arithmetic: T | undefined;
  #training: Dataset | undefined;
  /** What the arithmetic has taken in: not what was asked for since, and nothing where that failed. */
  #loaded: Dataset | undefined;
  #epoch: Epoch | undefined;
  #nonFinite: StepMetrics['nonFinite'];
  readonly #turns: Turns;

  /** @throws {ConfigurationError} for a batch size that is no whole number of at least 1 */
  constructor(backend: Backend, options: EngineOptions, arithmetic: T) {
    this.backend = backend;
    this.#network = options.network;
    this.#batchSize = requireBatchSize(options.batchSize);
    this.#arithmetic = arithmetic;
    this.#turns = new Turns(
      `This ${backend} engine has been disposed of and can compute nothing more. Create a new one.`,
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
      // After the steps that are under way, which need the set before.
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
    // Taken now: a later beginEpoch() must not reach the calls already made.
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

  readParameters(): Promise<Float32Array<ArrayBuffer>> {
    return this.#turns.take(() => this.arithmetic.readParameters());
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
        'There is no epoch to run steps of. Call load() and beginEpoch() first.',
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

  /** At least one step, or `undefined` and nothing changed where the signal came before its end. */
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
      // It may have been disposed of while it waited.
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

  /** Shows the network every sample of a dataset, in file order, chunk after chunk. */
  async #infer(
    dataset: Dataset,
    visit: (result: PassResult, samples: Uint32Array) => void,
  ): Promise<void> {
    requireFits(this.#network, dataset);
    const { sampleCount } = dataset;
    for (let start = 0; start < sampleCount;) {
      if (this.#slice.isOver()) await this.#slice.next();
      const size = Math.min(this.arithmetic.chunkSize, sampleCount - start);
      const samples = Uint32Array.from({ length: size }, (_, n) => start + n);
      visit(await this.arithmetic.infer(dataset, samples), samples);
      start += size;
    }
  }

  #requireUsable(): T {
    this.#turns.requireLive();
    return this.#arithmetic!;
  }
}
