import type { Dataset } from '../data/dataset.ts';
import { NonFiniteError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { requireInstance } from '../network/arguments.ts';
import { Network } from '../network/network.ts';
import { describeNonFinite, findNonFinite } from '../network/parameters.ts';
import { requireFits } from '../engine/batches.ts';
import type { PlanOrigin } from '../gpu/createEngine.ts';
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
import { EpochOrders, TrainingLoop, type FitOptions, type FitReport } from './loop.ts';
import { requireTrainerOptions, type TrainerOptions } from './trainerOptions.ts';

/** What training did since the last report. */
export interface Progress extends FitReport {
  /** Mean cost of the samples, each taken before its step's update. */
  readonly cost: number;
  /** Share of them that the network got right, 0 to 1. */
  readonly accuracy: number;
  /** Seconds the GPU took for it, where the device can tell. */
  readonly gpuSeconds?: number;
}

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
  readonly adapter: AdapterDescription | undefined;
  /** How `auto` came to its choice, in a sentence; undefined where the caller chose. */
  readonly choice: string | undefined;
  /** Where the plan is from; undefined where there is none. */
  readonly planOrigin: PlanOrigin | undefined;
  readonly #orders: EpochOrders;
  readonly #loop: TrainingLoop<StepMetrics>;

  private constructor(
    network: Network,
    options: TrainerOptions,
    created: Awaited<ReturnType<typeof createEngine>>,
  ) {
    this.#initial = network;
    this.#options = options;
    this.#seed = options.seed ?? 1;
    this.#engine = created.engine;
    this.#orders = new EpochOrders(options.shuffle);
    this.#loop = new TrainingLoop({
      kind: 'trainer',
      network,
      batchSize: options.batchSize,
      engine: created.engine,
      release: created.release,
      beginEpoch: (at, training) => this.#engine.beginEpoch(this.#orderOf(at.epoch, training), at),
      prepareEpoch: (epoch, training) => void this.#orderOf(epoch, training),
    });
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
    return this.#loop.cursor.step;
  }

  /**
   * Takes the training set ahead of `fit`, which otherwise does it: uploads it and compiles all that it needs. For
   * those who want to time training alone; `fit` by itself may begin before everything is compiled.
   */
  async prepare(training: Dataset): Promise<void> {
    await this.#loop.prepare(training);
    this.#orderOf(this.#loop.cursor.epoch, training);
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
  fit(training: Dataset, options: FitOptions = {}): AsyncGenerator<Progress, void, void> {
    const defaults = { reportEvery: defaultReportEvery };
    return this.#loop.fit(training, options, defaults, (metrics, epoch) =>
      this.#report(metrics, epoch),
    );
  }

  /**
   * Cost, accuracy and confusion matrix on any dataset, with the parameters as they are.
   * @throws {NonFiniteError} when the cost is NaN or infinite
   */
  async evaluate(dataset: Dataset): Promise<Evaluation> {
    this.#loop.requireUsable();
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
    this.#loop.requireUsable();
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
    this.#loop.requireUsable();
    const parameters = await this.#engine.readParameters();
    const wrong = describeNonFinite(this.#initial.layers, parameters);
    if (wrong !== undefined) throw this.#fail(wrong);
    return this.#initial.withParameters(parameters);
  }

  /** Frees what the trainer holds; a device that was handed in stays. Calling it again does nothing. */
  async dispose(): Promise<void> {
    await this.#loop.dispose();
  }

  #orderOf(epoch: number, { sampleCount }: Dataset): Uint32Array<ArrayBuffer> {
    return this.#orders.of(this.#seed, epoch, sampleCount);
  }

  #report(
    { samples, costSum, correct, gpuSeconds, nonFinite }: StepMetrics,
    epoch: number,
  ): Omit<Progress, Exclude<keyof FitReport, 'samples'>> {
    const cost = costSum / samples;
    const { step } = this.#loop.cursor;
    if (nonFinite) throw this.#fail(updateFact(this.#initial, nonFinite, epoch), nonFinite.step);
    if (!Number.isFinite(cost))
      throw this.#fail(`The cost is ${cost} by step ${step} (epoch ${epoch})`);
    return {
      ...{ samples, cost, accuracy: correct / samples },
      ...(gpuSeconds !== undefined && { gpuSeconds }),
    };
  }

  #fail(fact: string, step = Math.max(0, this.#loop.cursor.step - 1)): Error {
    this.#loop.failure ??= new NonFiniteError(
      divergenceSentence(fact, this.#options.optimizer.learningRate, step),
    );
    return this.#loop.failure;
  }

  /** The error for numbers that are not finite on one dataset. Others may be fine, so the trainer stays usable. */
  #overflow(fact: string): NonFiniteError {
    const { learningRate } = this.#options.optimizer;
    const { step } = this.#loop.cursor;
    return new NonFiniteError(
      step > 0
        ? divergenceSentence(`${fact} after step ${step}`, learningRate, step - 1)
        : `${fact}: the parameters of this network make numbers beyond float32. Start from smaller ones.`,
    );
  }
}
