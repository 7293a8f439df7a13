import type { Dataset } from '../data/dataset.ts';
import { fileOrder, shuffledOrder } from '../data/shuffle.ts';
import { ConfigurationError, DisposedError, NonFiniteError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import {
  requireInstance,
  requireOptions,
  requireSignal,
  show,
  type OptionNames,
} from '../network/arguments.ts';
import { Network } from '../network/network.ts';
import { describeNonFinite, findNonFinite } from '../network/parameters.ts';
import { requireFits, stepsPerEpoch } from '../engine/batches.ts';
import type { PlanOrigin } from '../gpu/createEngine.ts';
import { TrainingCursor } from '../engine/cursor.ts';
import { createEngine } from './createEngine.ts';
import { divergenceSentence, updateFact } from './divergence.ts';
import type {
  Backend,
  Engine,
  EnginePlan,
  Evaluation,
  Preparation,
  StepMetrics,
} from '../engine/engine.ts';
import { requireTrainerOptions, type TrainerOptions } from './trainerOptions.ts';

export interface FitOptions {
  /** Epochs to complete, counting one that an earlier `fit` left unfinished. Default 1, unless `steps` is given. */
  readonly epochs?: number;
  /** Steps to make, instead of `epochs`. */
  readonly steps?: number;
  /** Steps between two reports. Default 100. Every epoch ends with a report. */
  readonly reportEvery?: number;
  /** Stops the training after the steps already submitted; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What training did since the last report. */
export interface Progress {
  /** The epoch it is in, counting from 1. */
  readonly epoch: number;
  /** Steps made since the trainer was created. */
  readonly step: number;
  /** Whether the epoch is complete. Nothing further is under way then: `evaluate` sees exactly this epoch. */
  readonly endOfEpoch: boolean;
  /** Samples trained on since the last report. */
  readonly samples: number;
  /** Their mean cost, each taken before its step's update. */
  readonly cost: number;
  /** Share of them that the network got right, 0 to 1. */
  readonly accuracy: number;
  /** Seconds since the last report. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Seconds the GPU took for it, where the device can tell. */
  readonly gpuSeconds?: number;
}

/** A run that was asked for and has not been reported. */
interface Pending {
  readonly metrics: Promise<StepMetrics>;
}

/** A run that is over. */
interface SettledRun {
  readonly metrics: StepMetrics;
  /** The epoch it was in, counting from 1. */
  readonly epoch: number;
  readonly endOfEpoch: boolean;
}

/** Runs asked for ahead of the report awaited, so that the engine never waits for whoever reads reports. */
const runsAhead = 2;
/** Steps between two reports by default. */
export const defaultReportEvery = 100;

/**
 * The learning: takes a network, lets an engine make steps, and gives the network learned.
 *
 * @example
 * const trainer = await Trainer.create(network, { batchSize: 100, optimizer: sgd({ learningRate: 3 }) });
 * for await (const { epoch, cost } of trainer.fit(training, { epochs: 5 })) console.log(epoch, cost);
 * const learned = await trainer.network();
 * await trainer.dispose();
 */
export class Trainer {
  readonly #initial: Network;
  readonly #options: TrainerOptions;
  readonly #seed: number;
  readonly #engine: Engine;
  readonly #release: () => void;
  readonly adapter: AdapterDescription | undefined;
  /** How `auto` came to its choice, in a sentence; undefined where the caller chose. */
  readonly choice: string | undefined;
  /** Where the plan is from; undefined where there is none. */
  readonly planOrigin: PlanOrigin | undefined;
  #loaded: Dataset | undefined;
  /** What reports have come to; the engine's own is ahead. */
  readonly #cursor = new TrainingCursor();
  /** The order of an epoch to come, or of the one under way. */
  #upcoming: { readonly epoch: number; readonly order: Uint32Array<ArrayBuffer> } | undefined;
  #isFitting = false;
  #isDisposed = false;
  #failure: NonFiniteError | undefined;

  private constructor(
    network: Network,
    options: TrainerOptions,
    created: Awaited<ReturnType<typeof createEngine>>,
  ) {
    this.#initial = network;
    this.#options = options;
    this.#seed = options.seed ?? 1;
    this.#engine = created.engine;
    this.#release = created.release;
    this.adapter = created.adapter;
    this.choice = created.choice;
    this.planOrigin = created.planOrigin;
  }

  /**
   * @throws {ConfigurationError | FormatError} for options that make no sense, a plan that is not for this network,
   *   mini-batch or adapter among them
   * @throws {NoAdapterError | LimitError | OutOfMemoryError | DeviceLostError} when `webgpu` cannot be had
   */
  static async create(network: Network, options: TrainerOptions): Promise<Trainer> {
    requireInstance('The network to train', network, Network);
    requireTrainerOptions(options);
    return new Trainer(network, options, await createEngine(network, options));
  }

  /** What does the arithmetic; never `auto`. */
  get backend(): Backend {
    return this.#engine.backend;
  }

  /** How the engine cuts a step up, in words: kernels on a GPU, threads on the CPU. */
  get plan(): string | undefined {
    return this.#engine.plan;
  }

  /**
   * `cpu`: how many threads share a step; 0 where the calling thread computes. Known once a training set is loaded, and
   * may grow while training goes on, if the machine was busy then. Undefined for other backends.
   */
  get threads(): number | undefined {
    return this.#engine.threads;
  }

  /** The same as data, to be given as `plan` again. */
  get exactPlan(): EnginePlan | undefined {
    return this.#engine.exactPlan;
  }

  /** Dispatches that a step is made of, on a GPU, once it is prepared. */
  get dispatchesPerStep(): number | undefined {
    return this.#engine.dispatchesPerStep;
  }

  /** What the last `prepare` took, apart; undefined before, and of engines that do not tell. */
  get preparation(): Preparation | undefined {
    return this.#engine.preparation;
  }

  /** Samples a step. */
  get batchSize(): number {
    return this.#options.batchSize;
  }

  /** Steps made so far. */
  get step(): number {
    return this.#cursor.step;
  }

  /**
   * Takes the training set ahead of `fit`, which otherwise does it: uploads it and compiles all that it needs. For
   * those who want to time training alone; `fit` by itself may begin before everything is compiled.
   */
  async prepare(training: Dataset): Promise<void> {
    this.#requireUsable();
    this.#requireIdle();
    requireFits(this.#initial, training);
    await this.#load(training);
    this.#orderOf(this.#cursor.epoch, training.sampleCount);
    await this.#engine.settle?.();
  }

  /**
   * Trains. Each iteration reports what was done since the one before; training goes on meanwhile, up to two
   * reports ahead. Leaving the loop stops it after the steps already submitted, and the next `fit` on the same
   * dataset goes on where this one stopped.
   * @throws {ConfigurationError} when the dataset does not fit the network, or another `fit` is under way
   * @throws {NonFiniteError} when the cost or an update is NaN or infinite; the trainer is of no use then
   * @throws {DeviceLostError} when the device is lost; what was learned since the last read is gone
   * @throws the signal's reason
   */
  async *fit(training: Dataset, options: FitOptions = {}): AsyncGenerator<Progress, void, void> {
    const { reportEvery = defaultReportEvery, signal } = requireFitOptions('fit', options);
    this.#requireUsable();
    this.#requireIdle();
    requireFits(this.#initial, training);
    signal?.throwIfAborted();
    this.#isFitting = true;
    const pending: Pending[] = [];
    // Stops what is under way, whether it is the signal that ends the loop or the reader leaving it.
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    signal?.addEventListener('abort', leave);
    try {
      await this.#load(training);
      let left = stepsToMake(options, this.#cursor);
      let lastReport = performance.now();
      while (left > 0) {
        this.#beginEpoch(training);
        let leftInEpoch = Math.min(left, this.#cursor.stepsLeft);
        left -= leftInEpoch;
        while (leftInEpoch > 0 || pending.length > 0) {
          while (leftInEpoch > 0 && pending.length < runsAhead) {
            const asked = Math.min(reportEvery, leftInEpoch);
            leftInEpoch -= asked;
            pending.push({ metrics: this.#run(asked, leaving.signal) });
          }
          // While the engine computes, this thread would wait.
          if (left > 0) this.#orderOf(this.#cursor.epoch + 1, training.sampleCount);
          const run = await this.#settle(pending);
          signal?.throwIfAborted();
          const now = performance.now();
          const progress = this.#report(run, (now - lastReport) / 1000);
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
      while (pending.length > 0) await this.#settle(pending).catch(() => undefined);
      this.#isFitting = false;
    }
  }

  /**
   * Cost, accuracy and confusion matrix on any dataset, with the parameters as they are.
   * @throws {NonFiniteError} when the cost is NaN or infinite
   */
  async evaluate(dataset: Dataset): Promise<Evaluation> {
    this.#requireUsable();
    requireFits(this.#initial, dataset);
    const evaluation = await this.#engine.evaluate(dataset);
    const { cost } = evaluation;
    if (Number.isFinite(cost)) return evaluation;
    throw this.#overflow(`The cost on dataset '${dataset.name}' is ${cost}`);
  }

  /**
   * The network's outputs for each sample of a dataset, [sampleCount, outputs] row-major.
   * @throws {NonFiniteError} naming the sample, when an output is NaN or infinite
   */
  async predict(dataset: Dataset): Promise<Float32Array<ArrayBuffer>> {
    this.#requireUsable();
    requireFits(this.#initial, dataset);
    const outputs = await this.#engine.predict(dataset);
    const wrong = findNonFinite(outputs);
    if (wrong < 0) return outputs;
    const size = this.#initial.layers.at(-1)!;
    throw this.#overflow(
      `Output ${wrong % size} for sample ${Math.floor(wrong / size)} of dataset '${dataset.name}' is ${outputs[wrong]}`,
    );
  }

  /**
   * The network as learned so far.
   * @throws {NonFiniteError} naming the parameter, when one is NaN or infinite
   */
  async network(): Promise<Network> {
    this.#requireUsable();
    const parameters = await this.#engine.readParameters();
    const wrong = describeNonFinite(this.#initial.layers, parameters);
    if (wrong !== undefined) throw this.#fail(wrong);
    return this.#initial.withParameters(parameters);
  }

  /** Frees what the trainer holds; a device that was handed in stays. Calling it again does nothing. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#engine.dispose();
    this.#release();
  }

  async #load(training: Dataset): Promise<void> {
    if (this.#loaded === training) return;
    // An epoch of another dataset that was left unfinished stays unfinished.
    this.#cursor.nextEpoch();
    // Where loading fails, the engine has no training set any more.
    this.#loaded = undefined;
    await this.#engine.load(training);
    this.#loaded = training;
    this.#cursor.stepsPerEpoch = stepsPerEpoch(training.sampleCount, this.#options.batchSize);
  }

  #beginEpoch({ sampleCount }: Dataset): void {
    this.#engine.beginEpoch(this.#orderOf(this.#cursor.epoch, sampleCount), this.#cursor);
  }

  /** The order of an epoch, which is made ahead: for 60,000 samples it takes what 100 steps of a small network take. */
  #orderOf(epoch: number, sampleCount: number): Uint32Array<ArrayBuffer> {
    const made = this.#upcoming;
    if (made?.epoch === epoch && made.order.length === sampleCount) return made.order;
    const order =
      this.#options.shuffle === false
        ? fileOrder(sampleCount)
        : shuffledOrder(this.#seed, epoch, sampleCount);
    this.#upcoming = { epoch, order };
    return order;
  }

  #run(steps: number, signal: AbortSignal): Promise<StepMetrics> {
    const metrics = this.#engine.run(steps, signal);
    // Awaited in its turn; one that fails earlier must not count as unhandled.
    metrics.catch(() => undefined);
    return metrics;
  }

  /** Awaits the oldest run and moves on by the steps it really made, into the next epoch after the last. */
  async #settle(pending: Pending[]): Promise<SettledRun> {
    const metrics = await pending.shift()!.metrics;
    const cursor = this.#cursor;
    const epoch = cursor.epoch + 1;
    cursor.advance(metrics.steps);
    const endOfEpoch = cursor.stepsLeft === 0;
    if (endOfEpoch) cursor.nextEpoch();
    return { metrics, epoch, endOfEpoch };
  }

  #report({ metrics, epoch, endOfEpoch }: SettledRun, seconds: number): Progress {
    const { samples, costSum, correct, gpuSeconds, nonFinite } = metrics;
    const cost = costSum / samples;
    if (nonFinite) throw this.#fail(updateFact(this.#initial, nonFinite, epoch), nonFinite.step);
    if (!Number.isFinite(cost))
      throw this.#fail(`The cost is ${cost} by step ${this.#cursor.step} (epoch ${epoch})`);
    return {
      epoch,
      step: this.#cursor.step,
      endOfEpoch,
      samples,
      cost,
      accuracy: correct / samples,
      seconds,
      samplesPerSecond: samples / seconds,
      ...(gpuSeconds !== undefined && { gpuSeconds }),
    };
  }

  #fail(fact: string, step = Math.max(0, this.#cursor.step - 1)): NonFiniteError {
    this.#failure ??= new NonFiniteError(
      divergenceSentence(fact, this.#options.optimizer.learningRate, step),
    );
    return this.#failure;
  }

  /** The error for numbers that are not finite on one dataset. Others may be fine, so the trainer stays usable. */
  #overflow(fact: string): NonFiniteError {
    const { learningRate } = this.#options.optimizer;
    const { step } = this.#cursor;
    return new NonFiniteError(
      step > 0
        ? divergenceSentence(`${fact} after step ${step}`, learningRate, step - 1)
        : `${fact}: the parameters of this network make numbers beyond float32. Start from smaller ones.`,
    );
  }

  #requireIdle(): void {
    if (!this.#isFitting) return;
    throw new ConfigurationError(
      'This trainer is fitting already. Leave that loop, or create a second trainer.',
    );
  }

  #requireUsable(): void {
    if (this.#isDisposed) {
      throw new DisposedError('This trainer was disposed of. Create a new one to go on.');
    }
    if (this.#failure) throw this.#failure;
  }
}

const fitOptionNames: OptionNames<FitOptions> = {
  ...{ epochs: true, steps: true, reportEvery: true, signal: true },
};

/**
 * Checks the options of `fit`, of trainers and of sweeps.
 * @throws {ConfigurationError}
 */
export function requireFitOptions(what: string, options: FitOptions): FitOptions {
  requireOptions(what, options, fitOptionNames);
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
export function stepsToMake({ epochs = 1, steps }: FitOptions, cursor: TrainingCursor): number {
  return steps ?? epochs * cursor.stepsPerEpoch - cursor.stepOfEpoch;
}
