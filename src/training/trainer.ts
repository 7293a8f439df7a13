import type { Dataset } from '../data/dataset.ts';
import { fileOrder } from '../data/shuffle.ts';
import { ConfigurationError, NonFiniteError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { isList, requireInstance, show } from '../network/arguments.ts';
import { Network } from '../network/network.ts';
import { describeNonFinite, findNonFinite } from '../network/parameters.ts';
import { requireFits } from '../engine/batches.ts';
import type { PlanOrigin } from '../gpu/createEngine.ts';
import { featureValues } from '../reference/features.ts';
import type { BatchExplanation } from '../reference/batchExplanation.ts';
import { isIndex, nudgesOf, type SampleNudges } from '../reference/nudges.ts';
import { CostCurve, type CurvePoint, type CurveReport } from './costCurve.ts';
import { createEngine } from './createEngine.ts';
import type { CreatedEngine } from './createdEngine.ts';
import { divergenceSentence, updateFact } from './divergence.ts';
import type {
  Backend,
  EnginePlan,
  Evaluation,
  Preparation,
  StepMetrics,
} from '../engine/engine.ts';
import type { DatasetFingerprint } from './fingerprint.ts';
import { EpochOrders, TrainingLoop, type FitOptions, type FitReport } from './loop.ts';
import type { CheckpointOptions, ResumeOptions, Resumption } from './resume.ts';
import { requireSnapshot, type TrainingSnapshot } from './snapshot.ts';
import { requireTrainerOptions, type TrainerOptions } from './trainerOptions.ts';

/** A trainer's training since the last report. */
export interface Progress extends FitReport {
  /** Mean cost of the samples, computed before each step's update. */
  readonly cost: number;
  /** Share of the samples predicted correctly, 0 to 1. */
  readonly accuracy: number;
  /** Seconds the GPU was busy; undefined if the device cannot measure it. */
  readonly gpuSeconds?: number;
}

/** What a sample wishes for, and when. */
export interface Explanation extends SampleNudges {
  /** Steps made before. */
  readonly step: number;
}

/** Default number of steps between two reports. */
export const defaultReportEvery = 100;

/**
 * Trains a network with an engine.
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
  readonly #engine: CreatedEngine['engine'];
  readonly #choice: string | undefined;
  /** The checkpoint that this trainer continues; undefined unless `resume` created it. */
  readonly resumedFrom: Resumption | undefined;
  /** Whether the plan that was given is the one of that checkpoint. */
  #isPlanOfCheckpoint = false;
  /** The training set of that checkpoint. */
  readonly #expected: DatasetFingerprint | undefined;
  #curve = new CostCurve();
  readonly #orders: EpochOrders;
  readonly #loop: TrainingLoop<StepMetrics>;

  private constructor(
    network: Network,
    options: TrainerOptions,
    created: CreatedEngine,
    resumedFrom?: Resumption,
    expected?: DatasetFingerprint,
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
      release: () => undefined,
      beginEpoch: (at, training) => this.#engine.beginEpoch(this.#orderOf(at.epoch, training), at),
      prepareEpoch: (epoch, training) => void this.#orderOf(epoch, training),
      record: (metrics, step) => record(this.#curve, metrics, step),
    });
    this.#choice = created.choice;
    this.resumedFrom = resumedFrom;
    this.#expected = expected;
  }

  /**
   * @throws {ConfigurationError | FormatError} for invalid options, including a plan for another network, batch size or
   *   adapter
   * @throws {NoAdapterError | LimitError | OutOfMemoryError | DeviceLostError} when `webgpu` is not available
   */
  static async create(network: Network, options: TrainerOptions): Promise<Trainer> {
    requireInstance('The network to train', network, Network);
    requireTrainerOptions(options);
    return new Trainer(network, options, await createEngine(network, options));
  }

  /**
   * Continues the run of a {@link checkpoint}, in the same place of the same epoch. On the same backend, adapter, plan and
   * number of threads it gives the bits of the run that was not interrupted. Network, batch size, optimizer, `clipNorm`,
   * `seed`, `shuffle` and plan come from the file. If the adapter cannot run the file's plan, the trainer takes the default
   * plan; `planOrigin` is then `default`, and `resumedFrom.planProblem` has the reason.
   * @param bytes a whole file. They come from outside, so everything is checked
   * @param options of this machine. Default backend: the one of the checkpoint
   * @throws {FormatError} when the file is damaged, or is not a checkpoint that this nudge reads
   * @throws {ConfigurationError} for options that contradict the checkpoint, with both values
   * @throws what {@link create} throws
   *
   * @example
   * const trainer = await Trainer.resume(bytes, { gpu });
   * for await (const { step } of trainer.fit(training, { steps: 3000 - trainer.step })) console.log(step);
   */
  static async resume(bytes: Uint8Array, options: ResumeOptions = {}): Promise<Trainer> {
    const { createResumedEngine, readCheckpoint, resumeOptions } = await loadCheckpoints();
    const checkpoint = await readCheckpoint(bytes);
    const settled = resumeOptions(checkpoint, options);
    const { network, position, state, backend, adapter, planText, dataset, curve, note } =
      checkpoint;
    const { created, planProblem } = await createResumedEngine(checkpoint, settled);
    const resumedFrom: Resumption = {
      ...{ ...position, backend },
      ...(adapter && { adapter }),
      ...(planText !== undefined && { plan: planText }),
      ...(planProblem !== undefined && { planProblem }),
      ...(note !== undefined && { note }),
    };
    const trainer = new Trainer(network, settled, created, resumedFrom, dataset);
    try {
      trainer.#curve = curve;
      trainer.#isPlanOfCheckpoint = checkpoint.plan !== undefined;
      await trainer.restore({ ...position, layers: network.layers, ...state });
      return trainer;
    } catch (error) {
      await trainer.dispose();
      throw error;
    }
  }

  /** The backend in use; never `auto`. Like what follows, it may change when a lost device is replaced. */
  get backend(): Backend {
    return this.#engine.backend;
  }

  /** The adapter in use; undefined on the CPU. */
  get adapter(): AdapterDescription | undefined {
    return this.#engine.adapter;
  }

  /** The reason for the choice of `auto`, as a sentence; undefined if the caller chose the backend. */
  get choice(): string | undefined {
    return this.#engine.choice ?? this.#choice;
  }

  /** The origin of the plan; undefined if there is no plan. */
  get planOrigin(): PlanOrigin | undefined {
    const { planOrigin } = this.#engine;
    return planOrigin === 'given' && this.#isPlanOfCheckpoint ? 'checkpoint' : planOrigin;
  }

  /** How the engine divides a step, in words: kernels on a GPU, threads on the CPU. */
  get plan(): string | undefined {
    return this.#engine.plan;
  }

  /**
   * The number of threads that share a step on backend `cpu`; 0 if the calling thread computes. It is known once a
   * training set is loaded. It may grow during training if the machine was busy at that time. Undefined for other
   * backends.
   */
  get threads(): number | undefined {
    return this.#engine.threads;
  }

  /** The plan as data, for the option `plan` of a later trainer. */
  get exactPlan(): EnginePlan | undefined {
    return this.#engine.exactPlan;
  }

  /** GPU dispatches per step, known after `prepare`; undefined on the CPU. */
  get dispatchesPerStep(): number | undefined {
    return this.#engine.dispatchesPerStep;
  }

  /** Timings of the last `prepare`; undefined before it, and for engines that do not measure them. */
  get preparation(): Preparation | undefined {
    return this.#engine.preparation;
  }

  /** Samples per step. */
  get batchSize(): number {
    return this.#options.batchSize;
  }

  /** Steps made so far. */
  get step(): number {
    return this.#loop.cursor.step;
  }

  /**
   * Uploads the training set and compiles all kernels before `fit`. Use it to time only the training: `fit` alone may
   * begin before everything is compiled.
   */
  async prepare(training: Dataset): Promise<void> {
    if (this.#expected) await this.#requireSameData(training);
    await this.#loop.prepare(training);
    this.#orderOf(this.#loop.cursor.epoch, training);
    await this.#engine.settle?.();
  }

  /**
   * Trains the network. Each iteration reports the training since the last one. Training continues in the background,
   * up to two reports ahead. Leaving the loop stops training after the steps already submitted. The next `fit` on the
   * same dataset resumes there.
   * @throws {ConfigurationError} when the dataset does not fit the network, or another `fit` is running, or the trainer
   *   continues a checkpoint of another training set
   * @throws {NonFiniteError} when the cost or an update is NaN or infinite; the trainer is unusable afterwards
   * @throws {TrainingInterruptedError} when the GPU is lost and training cannot go on, see `TrainerOptions.onDeviceLost`.
   *   It is a `DeviceLostError` and carries a snapshot; the trainer is unusable afterwards
   * @throws the signal's reason
   */
  async *fit(training: Dataset, options: FitOptions = {}): AsyncGenerator<Progress, void, void> {
    const defaults = { reportEvery: defaultReportEvery };
    if (this.#expected) await this.#requireSameData(training);
    yield* this.#loop.fit(training, options, defaults, (metrics, epoch) =>
      this.#report(metrics, epoch),
    );
  }

  /**
   * Cost, accuracy and confusion matrix on any dataset, with the current parameters.
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
   * What one sample wishes for with the current parameters: its activations, its nudges and their sums, from the
   * engine's own results. Everything is of the same moment. While a `fit` is running, the call waits for the steps that
   * are already submitted. It changes nothing: training goes on with the same bits.
   * @param sample index of the sample in the dataset
   * @throws {NonFiniteError} when the cost or a nudge is NaN or infinite
   *
   * @example
   * const { outputs, layers } = await trainer.explain(test, 7);
   * outputs[2].nudge; // > 0: the neuron for digit 2 should be more active
   */
  async explain(dataset: Dataset, sample: number): Promise<Explanation> {
    this.#loop.requireUsable();
    requireFits(this.#initial, dataset);
    requireSample(dataset, sample);
    const samples = Uint32Array.of(sample);
    const { pass, step } = await this.#pass(dataset, samples);
    const { layers, activation, output, cost } = this.#initial;
    const { parameters } = pass;
    const network = { layers, activation, output, cost, parameters };
    const features = featureValues(dataset, samples);
    return { ...nudgesOf(network, features, dataset.labels[sample]!, pass), step };
  }

  /**
   * Activations, deltas and costs of many samples with the current parameters, and the mean gradient, from the engine's
   * own results. `exampleNudge` gives what each sample wishes for a weight. Like {@link explain}, it gives the
   * values of one moment and changes nothing. 60,000 samples of 784 features take about 70 MB.
   * @param samples indices of at least one sample, in any order. Default: all samples
   * @throws {NonFiniteError} when a cost or the gradient is NaN or infinite
   *
   * @example
   * const batch = await trainer.explainBatch(training, [0, 1, 2]);
   * const nudges = [0, 1, 2].map((n) => exampleNudge(batch, n, { layer: 1, output: 0, input: 3 }));
   * // Their average is the negative gradient.
   */
  async explainBatch(dataset: Dataset, samples?: ArrayLike<number>): Promise<BatchExplanation> {
    this.#loop.requireUsable();
    requireFits(this.#initial, dataset);
    const isAll = samples === undefined;
    const indices = isAll ? fileOrder(dataset.sampleCount) : requireSamples(dataset, samples);
    const { pass, step } = await this.#pass(dataset, indices);
    const { layers, costs, predictions, gradient, parameters } = pass;
    const wrong = costs.findIndex((cost) => !Number.isFinite(cost));
    if (wrong >= 0) {
      const sample = `sample ${indices[wrong]} of dataset '${dataset.name}'`;
      throw this.#overflow(`The cost of ${sample} is ${costs[wrong]}`);
    }
    if (!gradient.every(Number.isFinite)) {
      throw this.#overflow(`The gradient on dataset '${dataset.name}' is not finite`);
    }
    const { featureCount, features } = dataset;
    return {
      ...{ step, sizes: [...this.#initial.layers], samples: indices },
      features: isAll ? features : takeRows(features, featureCount, indices),
      labels: isAll ? dataset.labels : takeRows(dataset.labels, 1, indices),
      ...{ layers, costs, predictions, gradient, usedParameters: parameters },
    };
  }

  /**
   * The network with the current parameters.
   * @throws {NonFiniteError} naming the parameter, when one is NaN or infinite
   */
  async network(): Promise<Network> {
    this.#loop.requireUsable();
    const parameters = await this.#engine.readParameters();
    const wrong = describeNonFinite(this.#initial.layers, parameters);
    if (wrong !== undefined) throw this.#fail(wrong);
    return this.#initial.withParameters(parameters);
  }

  /**
   * Parameters, the optimizer's moments and the position in training, all of one moment, as plain data. While a `fit` is
   * running, it is the moment after the steps that are already submitted.
   * @throws {NonFiniteError} naming the parameter, when one is NaN or infinite
   */
  async snapshot(): Promise<TrainingSnapshot> {
    this.#loop.requireUsable();
    // Both begin now, so no step comes in between.
    const [state, position] = await Promise.all([
      this.#engine.readState(),
      this.#loop.positionReached(),
    ]);
    const { layers } = this.#initial;
    const wrong = describeNonFinite(layers, state.parameters);
    if (wrong !== undefined) throw this.#fail(wrong);
    return { ...position, layers: [...layers], ...state };
  }

  /**
   * Goes back, or on, to a snapshot. The next `fit` continues there, in the same place of the same epoch. On the same
   * backend, with the same options, plan and training set, it gives the bits of the run that the snapshot is from. A
   * trainer that has diverged is usable again.
   * @throws {ConfigurationError} when a `fit` is running, or the snapshot is of another network or optimizer
   */
  async restore(snapshot: TrainingSnapshot): Promise<void> {
    const copy = requireSnapshot(snapshot, this.#initial, this.#options.optimizer);
    this.#loop.moveTo(copy);
    this.#curve.cutAfter(copy.step);
    await this.#engine.writeState(copy, copy);
  }

  /**
   * The training as a safetensors file, for {@link resume}: everything of {@link snapshot}, the settings that decide the
   * bits, the {@link curve}, and the SHA-256 of the training set. The parameters have the names of `saveParameters`, so
   * PyTorch reads them. While a `fit` is running, it is the moment after the steps that are already submitted. Training
   * goes on with the same bits.
   * @throws {NonFiniteError} when a parameter, a moment of the optimizer or the cost is NaN or infinite
   * @throws {ConfigurationError} in a page from an insecure origin, because browsers have no SHA-256 there
   */
  async checkpoint(options: CheckpointOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    this.#loop.requireUsable();
    const { loaded } = this.#loop;
    const curve = new CostCurve(this.#curve.rows);
    // All begin now, so no step comes in between.
    const [state, position] = await Promise.all([
      this.#engine.readState(),
      this.#loop.positionReached((metrics, step) => {
        record(curve, metrics, step);
        if (!isFinite(metrics)) this.#fail(`The cost or an update is not finite by step ${step}`);
      }),
    ]);
    this.#loop.requireUsable();
    const { makeCheckpoint } = await loadCheckpoints();
    const { batchSize, optimizer, clipNorm, shuffle = true, threads } = this.#options;
    const { backend, adapter, exactPlan: plan, plan: planText } = this;
    const made = await makeCheckpoint(
      {
        ...{ network: this.#initial, position, state, backend, adapter, plan, planText, curve },
        settings: { batchSize, optimizer, clipNorm, seed: this.#seed, shuffle, threads },
      },
      ...([options, loaded, this.#expected] as const),
    );
    if (typeof made === 'string') throw this.#fail(made);
    return made;
  }

  /**
   * The training so far, from the reports of all steps, also of those before a checkpoint. With more than 4,096 points,
   * neighbours are merged into means, so that the points stay at equal distances.
   */
  get curve(): readonly CurvePoint[] {
    return this.#curve.points;
  }

  /** Frees the trainer's resources, but not a device passed as an option. Calling it again does nothing. */
  async dispose(): Promise<void> {
    await this.#loop.dispose();
  }

  /** A pass, and the number of steps made before it. */
  async #pass(dataset: Dataset, samples: Uint32Array<ArrayBuffer>) {
    // Both begin now, so no step comes in between.
    const [pass, { step }] = await Promise.all([
      this.#engine.explain(dataset, samples),
      this.#loop.positionReached(),
    ]);
    return { pass, step };
  }

  /** @throws {ConfigurationError} when the trainer continues a checkpoint of another training set */
  async #requireSameData(training: Dataset): Promise<void> {
    if (!this.#expected) return;
    this.#loop.requireIdle();
    requireFits(this.#initial, training);
    const { requireSameData } = await loadCheckpoints();
    await requireSameData(this.#expected, training);
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

  /** The error for non-finite results on one dataset. Other datasets may work, so the trainer stays usable. */
  #overflow(fact: string): NonFiniteError {
    const { learningRate } = this.#options.optimizer;
    const { step } = this.#loop.cursor;
    return new NonFiniteError(
      step > 0
        ? divergenceSentence(`${fact} after step ${step}`, learningRate, step - 1)
        : `${fact}: the parameters of this network are too large for float32. Start from smaller ones.`,
    );
  }
}

/** Loaded only when used: a page that keeps no checkpoints does not need the file format. */
async function loadCheckpoints() {
  return await import('./resume.ts');
}

function isFinite({ costSum, nonFinite }: StepMetrics): boolean {
  return Number.isFinite(costSum) && nonFinite === undefined;
}

/** Adds a run to a curve, unless it made no step before an abort, or the training has diverged. */
function record(curve: CostCurve, metrics: StepMetrics & CurveReport, step: number): void {
  if (metrics.samples > 0 && isFinite(metrics)) curve.add(metrics, step);
}

/** @throws {ConfigurationError} unless the dataset has this sample */
function requireSample({ name, sampleCount }: Dataset, sample: number): void {
  if (isIndex(sample, sampleCount)) return;
  throw new ConfigurationError(
    `A sample of dataset '${name}' is an integer from 0 to ${sampleCount - 1}; got ${show(sample)}.`,
  );
}

/** @throws {ConfigurationError} unless the dataset has these samples, and there is at least one */
function requireSamples(dataset: Dataset, samples: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  if (!isList(samples) || samples.length === 0) {
    throw new ConfigurationError(
      `samples must be an array of at least one index; got ${isList(samples) ? 'none' : show(samples)}.`,
    );
  }
  return Uint32Array.from(samples, (sample) => {
    requireSample(dataset, sample);
    return sample;
  });
}

/** The rows of some samples, one after another. */
function takeRows(values: Uint8Array, columns: number, rows: Uint32Array): Uint8Array {
  const taken = new Uint8Array(rows.length * columns);
  rows.forEach((row, n) =>
    taken.set(values.subarray(row * columns, (row + 1) * columns), n * columns),
  );
  return taken;
}
