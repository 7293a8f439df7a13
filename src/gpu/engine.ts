import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError, DisposedError } from '../errors.ts';
import {
  requireBatchSize,
  requireEpoch,
  requireFits,
  requireStepsLeft,
  stepsPerEpoch,
} from '../engine/batches.ts';
import { TrainingCursor, type TrainingPosition } from '../engine/cursor.ts';
import type {
  Engine,
  EngineOptions,
  Evaluation,
  StepMetrics,
  Preparation,
} from '../engine/engine.ts';
import type { AdapterDescription } from './adapter.ts';
import type { Device } from './device.ts';
import { Evaluator } from './evaluator.ts';
import { loadTraining, type LoadedTraining } from './loadTraining.ts';
import { ParameterStore } from './parameterStore.ts';
import { choosePlan } from './plan/choose.ts';
import { describePlan, type Plan } from './plan/plan.ts';
import { buildStep, planTarget, requirePlan } from './plan/check.ts';
import { requireShortLoops } from './software/loops.ts';
import { Readback } from './readback.ts';
import { firstNonFinite, gpuSeconds, sumMetrics } from './runMetrics.ts';
import { createTiming, requireSteps, submitSteps, type Stopwatch, type Timing } from './run.ts';
import { counterBytes, fitsOnDevice } from './source.ts';

export interface GpuEngineOptions extends EngineOptions {
  /** Streams the training set instead of keeping it on the GPU. Default: only one that does not fit. */
  readonly stream?: boolean | undefined;
  /** How a step is cut into kernels and tiles. Default: what `choosePlan` says of network, mini-batch and adapter. */
  readonly plan?: Plan | undefined;
  /**
   * Whether kernels that are compiled sooner make the first steps. Default true. A caller that settles before the first
   * step saves their compilation with false.
   */
  readonly isQuickFirst?: boolean | undefined;
}

/** Runs whose metrics may be on their way at once. */
const reportsInFlight = 4;

/** What lives as long as the engine. */
interface Resources {
  readonly plan: Plan;
  readonly parameters: ParameterStore;
  /** Activations, deltas and metrics of one mini-batch. */
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly readback: Readback;
  /** Where the device can measure GPU time. */
  readonly timing: Timing | undefined;
}

/** Trains on a WebGPU device; see {@link Engine} for what its functions promise. */
export class GpuEngine implements Engine {
  readonly backend = 'webgpu';
  readonly #device: Device;
  readonly #options: GpuEngineOptions;
  readonly #resources: Resources;
  #training: LoadedTraining | undefined;
  #evaluator: Evaluator | undefined;
  /** Whether an epoch of the training set has begun. */
  #isBegun = false;
  preparation: Preparation | undefined;
  /** Loads asked for and not over: until then there is no training set, though the last one is still held. */
  #loads = 0;
  #disposed = false;
  /** The last of what has been asked for; everything that submits waits for its turn here. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(device: Device, options: GpuEngineOptions, resources: Resources) {
    this.#device = device;
    this.#options = options;
    this.#resources = resources;
  }

  /**
   * Puts a network on a device.
   * @throws {LimitError} when a layer or the mini-batch is too large for the device
   * @throws {ConfigurationError} for a plan that is not for this network, mini-batch or device
   * @throws {OutOfMemoryError | DeviceLostError}
   */
  static async create(device: Device, options: GpuEngineOptions): Promise<GpuEngine> {
    const { network, optimizer, clipNorm } = options;
    const batchSize = requireBatchSize(options.batchSize);
    const plan = options.plan
      ? requirePlan(options.plan, network, batchSize, planTarget(device))
      : choosePlan(network, batchSize, device.adapter);
    requireShortLoops(network, plan, device.adapter);
    const parameters = await ParameterStore.create(
      device,
      network,
      optimizer,
      clipNorm !== undefined,
    );
    let buffers: ReadonlyMap<string, GPUBuffer> | undefined;
    let readback: Readback | undefined;
    try {
      const step = buildStep(network, plan, optimizer, clipNorm);
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      buffers = await device.create('the buffers of a mini-batch', (allocate) => {
        const sizes = [...step.buffers];
        return new Map(sizes.map(([name, size]) => [name, allocate(name, size, usage)] as const));
      });
      readback = await Readback.create(
        device,
        'metrics',
        // the rows' metrics, the step counter with the layers' words, two timestamps
        buffers.get('metrics')!.size + counterBytes + 4 * plan.layers.length + 16,
        reportsInFlight,
      );
      const timing = device.hasTimestamps ? await createTiming(device) : undefined;
      return new GpuEngine(device, options, { plan, parameters, buffers, readback, timing });
    } catch (error) {
      parameters.dispose();
      if (buffers) device.release(buffers.values());
      readback?.dispose();
      throw error;
    }
  }

  get adapter(): AdapterDescription {
    return this.#device.adapter;
  }

  get plan(): string {
    return describePlan(this.#resources.plan);
  }

  get exactPlan(): Plan {
    return this.#resources.plan;
  }

  get dispatchesPerStep(): number | undefined {
    return this.#training?.program.dispatchCount;
  }

  /** Whether the loaded training set is streamed. */
  streams(dataset: Dataset): boolean {
    return this.#options.stream ?? !fitsOnDevice(this.#device, dataset);
  }

  async load(dataset: Dataset): Promise<void> {
    requireFits(this.#options.network, dataset);
    this.#isBegun = false;
    this.#loads++;
    try {
      await this.#inTurn(() => this.#replaceTraining(dataset));
    } finally {
      this.#loads--;
    }
  }

  async settle(): Promise<void> {
    const { program, uploaded, askedAt } = this.#requireTraining();
    await program.settle();
    const uploadedAt = (await uploaded) ?? askedAt;
    this.preparation = {
      compileSeconds: (program.compiledAt - askedAt) / 1000,
      uploadSeconds: (uploadedAt - askedAt) / 1000,
    };
  }

  beginEpoch(order: Uint32Array<ArrayBuffer>, at: TrainingPosition): void {
    const { batchSize } = this.#options;
    const { dataset, source } = this.#requireTraining();
    requireEpoch(order, at, dataset.sampleCount, batchSize);
    this.#isBegun = true;
    const cursor = new TrainingCursor(stepsPerEpoch(dataset.sampleCount, batchSize), at);
    // A copy, because the caller may fill the same array for the next epoch while steps are waiting.
    const ordered = order.slice();
    // A failure is kept by the device and thrown by whatever waits next.
    this.#inTurn(() => {
      source.begin(ordered, cursor);
      return Promise.resolve();
    }).catch(() => undefined);
  }

  async run(steps: number, signal?: AbortSignal): Promise<StepMetrics> {
    const training = this.#requireTraining();
    if (!this.#isBegun) {
      throw new ConfigurationError('No epoch has begun. Call beginEpoch() before run().');
    }
    // Only the submitting waits for its turn; the metrics may arrive while later steps already run.
    const { metrics } = await this.#inTurn(() => this.#submit(training, steps, signal));
    return await metrics;
  }

  async evaluate(dataset: Dataset): Promise<Evaluation> {
    return await this.#inTurn(async () => (await this.#evaluatorOf(dataset)).evaluate());
  }

  async predict(dataset: Dataset): Promise<Float32Array<ArrayBuffer>> {
    return await this.#inTurn(async () => (await this.#evaluatorOf(dataset)).predict());
  }

  async readParameters(): Promise<Float32Array<ArrayBuffer>> {
    return await this.#inTurn(() => this.#resources.parameters.read());
  }

  /** What the optimizer keeps for each parameter, each in the layout of the parameters; none without momentum. */
  async readMoments(): Promise<readonly Float32Array<ArrayBuffer>[]> {
    return await this.#inTurn(() => this.#resources.parameters.readMoments());
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    // What is under way stops or finishes first, and says so to whoever asked for it.
    await this.#queue.catch(() => undefined);
    const { parameters, buffers, readback, timing } = this.#resources;
    this.#evaluator?.dispose();
    await this.#training?.program.dispose();
    this.#training?.source.dispose();
    parameters.dispose();
    readback.dispose();
    this.#device.release(buffers.values());
    if (timing) {
      this.#device.release([timing.times]);
      timing.queries.destroy();
    }
  }

  async #replaceTraining(dataset: Dataset): Promise<void> {
    await this.#training?.program.dispose();
    this.#training?.source.dispose();
    this.#training = undefined;
    this.preparation = undefined;
    const { network, optimizer, batchSize, clipNorm, isQuickFirst } = this.#options;
    const { plan, parameters, buffers } = this.#resources;
    this.#training = await loadTraining(
      this.#device,
      {
        ...{ network, optimizer, batchSize, clipNorm, plan, isQuickFirst },
        stream: this.streams(dataset),
      },
      dataset,
      new Map([...parameters.bindings, ...buffers]),
    );
  }

  /** Submits steps and, behind them, the copy of their metrics. */
  async #submit(
    training: LoadedTraining,
    steps: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly metrics: Promise<StepMetrics> }> {
    const { source } = training;
    const { stepOfEpoch, stepsLeft } = source.cursor;
    requireStepsLeft(steps, stepsLeft);
    const { buffers, readback, timing } = this.#resources;
    const stopwatch: Stopwatch | undefined = timing && { queries: timing.queries, started: false };
    const done = await submitSteps(this.#device, training, steps, {
      isStopped: () => this.#disposed || signal?.aborted === true,
      stopwatch,
    });
    this.#requireLive();
    const samples = this.#samplesIn(training, stepOfEpoch, done);

    const metrics = buffers.get('metrics')!;
    const timed = done > 0 ? timing : undefined;
    const submitted = source.counter;
    const counter = source.buffers.get('counter')!;
    const { bytes } = await readback.read(
      'the metrics of training',
      [
        { buffer: metrics, size: metrics.size },
        { buffer: counter, size: counter.size },
        ...(timed ? [{ buffer: timed.times, size: 16 }] : []),
      ],
      {
        beforeCopy: (encoder) =>
          timed && encoder.resolveQuerySet(timed.queries, 0, 2, timed.times, 0),
        afterCopy: (encoder) => encoder.clearBuffer(metrics),
      },
    );
    return {
      metrics: bytes.then((read) => {
        const view = new DataView(read);
        requireSteps('Training', view.getUint32(metrics.size, true), submitted);
        return {
          steps: done,
          samples,
          ...sumMetrics(view, metrics.size),
          ...firstNonFinite(view, metrics.size + counterBytes, counter.size - counterBytes),
          ...(timed && gpuSeconds(view, metrics.size + counter.size)),
        };
      }),
    };
  }

  /** Samples in `count` steps from step `first` of the epoch on; the epoch's last step may be short. */
  #samplesIn({ dataset }: LoadedTraining, first: number, count: number): number {
    const { batchSize } = this.#options;
    const end = Math.min((first + count) * batchSize, dataset.sampleCount);
    return Math.max(0, end - first * batchSize);
  }

  /** The evaluator of a dataset; the last one used is kept, since runs evaluate the same test set again and again. */
  async #evaluatorOf(dataset: Dataset): Promise<Evaluator> {
    if (this.#evaluator?.dataset === dataset) return this.#evaluator;
    requireFits(this.#options.network, dataset);
    this.#evaluator?.dispose();
    this.#evaluator = undefined;
    // The training set is on the GPU already; a second copy of it would be one too many.
    const stream = this.streams(dataset) || dataset === this.#training?.dataset;
    this.#evaluator = await Evaluator.create(
      this.#device,
      this.#options.network,
      this.#resources.parameters.bindings,
      dataset,
      stream,
    );
    return this.#evaluator;
  }

  #requireTraining(): LoadedTraining {
    this.#requireLive();
    if (!this.#training || this.#loads > 0) {
      throw new ConfigurationError('There is no training set. Call load() and await it first.');
    }
    return this.#training;
  }

  #requireLive(): void {
    if (this.#disposed) {
      throw new DisposedError('This engine was disposed of. Create a new one to go on training.');
    }
    this.#device.throwIfUnusable();
  }

  /** Runs `task` after everything asked for before it. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      this.#requireLive();
      return task();
    });
    // The next in turn does not care how this one ends; whoever asked for it does.
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}
