import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError } from '../errors.ts';
import { requireBatchSize, requireEpoch, requireFits } from '../engine/batches.ts';
import type { TrainingPosition } from '../engine/cursor.ts';
import type {
  Engine,
  EngineOptions,
  EngineState,
  Evaluation,
  StepMetrics,
  Preparation,
} from '../engine/engine.ts';
import { Turns } from '../engine/turns.ts';
import type { AdapterDescription } from './adapter.ts';
import type { Device } from './device.ts';
import type { JoinedPass } from '../engine/pass.ts';
import { Evaluator } from './evaluator.ts';
import { Explainer } from './explainer.ts';
import { Kept } from './kept.ts';
import { loadTraining, type LoadedTraining } from './loadTraining.ts';
import { ParameterStore } from './parameterStore.ts';
import { choosePlan } from './plan/choose.ts';
import { describePlan, type Plan } from './plan/plan.ts';
import { planTarget, requirePlan } from './plan/check.ts';
import { clearMarkBytes, Readback } from './readback.ts';
import { firstNonFinite, gpuSeconds, sumMetrics } from './runMetrics.ts';
import { createTiming, makeSteps, requireSteps, type Stopwatch, type Timing } from './run.ts';
import { counterBytes, fitsOnDevice } from './source.ts';
import { trainingBuffers } from './step.ts';

export interface GpuEngineOptions extends EngineOptions {
  /** Streams the training set instead of keeping it on the GPU. Default: only if it does not fit. */
  readonly stream?: boolean | undefined;
  /**
   * How a step is divided into kernels and tiles. Default: the plan that `choosePlan` derives from network, mini-batch
   * and adapter.
   */
  readonly plan?: Plan | undefined;
}

/** Runs whose metrics may be in flight at once. */
const reportsInFlight = 4;

/** Samples that are explained at once, unless a mini-batch of training is smaller and holds them all. */
const largestChunk = 512;

/** Objects that live as long as the engine. */
interface Resources {
  readonly plan: Plan;
  readonly parameters: ParameterStore;
  /** Activations, deltas and metrics of one mini-batch. */
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly readback: Readback;
  /** Present if the device can measure GPU time. */
  readonly timing: Timing | undefined;
}

/** Trains on a WebGPU device; see {@link Engine} for the contract of its methods. */
export class GpuEngine implements Engine {
  readonly backend = 'webgpu';
  readonly #device: Device;
  readonly #options: GpuEngineOptions;
  readonly #resources: Resources;
  #training: LoadedTraining | undefined;
  readonly #evaluator = new Kept<Evaluator>();
  /** By whether they use the plan of training. */
  readonly #explainers = new Map<boolean, Explainer>();
  /** Whether an epoch of the training set has begun. */
  #isBegun = false;
  preparation: Preparation | undefined;
  /** Loads in progress. While there are any, there is no training set, although the previous one is still held. */
  #loads = 0;
  /** Every operation that submits work waits for its turn here. */
  readonly #turns: Turns;

  private constructor(device: Device, options: GpuEngineOptions, resources: Resources) {
    this.#device = device;
    this.#options = options;
    this.#resources = resources;
    this.#turns = new Turns(
      'This engine was disposed of. Create a new one to go on training.',
      () => device.throwIfUnusable(),
    );
  }

  /**
   * Uploads a network to a device.
   * @throws {LimitError} when a layer or the mini-batch is too large for the device
   * @throws {ConfigurationError} for a plan that does not fit this network, mini-batch or device
   * @throws {OutOfMemoryError | DeviceLostError}
   */
  static async create(device: Device, options: GpuEngineOptions): Promise<GpuEngine> {
    const { network, optimizer, clipNorm } = options;
    const batchSize = requireBatchSize(options.batchSize);
    const plan = requirePlan(
      options.plan ?? choosePlan(network, batchSize, device.adapter),
      ...([network, batchSize, planTarget(device)] as const),
    );
    const isClipping = clipNorm !== undefined;
    const stored = { networks: [network], optimizer, isClipping };
    const parameters = await ParameterStore.create(device, stored);
    let buffers: ReadonlyMap<string, GPUBuffer> | undefined;
    let readback: Readback | undefined;
    try {
      const sizes = trainingBuffers(network, batchSize, clipNorm);
      buffers = await device.createBuffers('the buffers of a mini-batch', sizes);
      readback = await Readback.create(
        device,
        'metrics',
        // The metrics of all rows, the step counter with the words of the layers, and two timestamps.
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

  /** Whether a dataset would be streamed. */
  streams(dataset: Dataset): boolean {
    return this.#options.stream ?? !fitsOnDevice(this.#device, dataset);
  }

  async load(dataset: Dataset): Promise<void> {
    requireFits(this.#options.network, dataset);
    this.#isBegun = false;
    this.#loads++;
    try {
      await this.#turns.take(() => this.#replaceTraining(dataset));
    } finally {
      this.#loads--;
    }
  }

  async settle(): Promise<void> {
    const { program, uploaded, askedAt } = this.#requireTraining();
    const uploadedAt = (await uploaded) ?? askedAt;
    this.preparation = {
      compileSeconds: (program.compiledAt - askedAt) / 1000,
      uploadSeconds: (uploadedAt - askedAt) / 1000,
    };
  }

  beginEpoch(order: Uint32Array<ArrayBuffer>, at: TrainingPosition): void {
    const { dataset, source } = this.#requireTraining();
    const cursor = requireEpoch(order, at, dataset.sampleCount, this.#options.batchSize);
    this.#isBegun = true;
    // Copy the order, because the caller may refill the array for the next epoch while steps are waiting.
    const ordered = order.slice();
    // The device keeps the error; the next wait throws it.
    this.#turns.take(() => source.begin(ordered, cursor)).catch(() => undefined);
  }

  async run(steps: number, signal?: AbortSignal): Promise<StepMetrics> {
    const training = this.#requireTraining();
    if (!this.#isBegun) {
      throw new ConfigurationError('No epoch has begun. Call beginEpoch() before run().');
    }
    // Only submitting waits for its turn; the metrics may arrive while later steps already run.
    const { metrics } = await this.#turns.take(() => this.#submit(training, steps, signal));
    return await metrics;
  }

  async evaluate(dataset: Dataset): Promise<Evaluation> {
    return await this.#turns.take(async () => (await this.#evaluatorOf(dataset)).evaluate());
  }

  async predict(dataset: Dataset): Promise<Float32Array<ArrayBuffer>> {
    return await this.#turns.take(async () => (await this.#evaluatorOf(dataset)).predict());
  }

  async explain(dataset: Dataset, samples: Uint32Array<ArrayBuffer>): Promise<JoinedPass> {
    requireFits(this.#options.network, dataset);
    // Only submitting waits for its turn; the values may arrive while later steps already run.
    const { pass } = await this.#turns.take(async () => {
      const explainer = await this.#explainerOf(samples.length);
      return await explainer.submit(dataset, samples);
    });
    return await pass;
  }

  async readParameters(): Promise<Float32Array<ArrayBuffer>> {
    return await this.#turns.take(() => this.#resources.parameters.read());
  }

  /** Reads the moments of the optimizer, each in the layout of the parameters; empty if the optimizer keeps none. */
  async readMoments(): Promise<readonly Float32Array<ArrayBuffer>[]> {
    return await this.#turns.take(() => this.#resources.parameters.readMoments());
  }

  async readState(): Promise<EngineState> {
    // Only submitting the copy waits for its turn; the state may arrive while later steps already run.
    const { state } = await this.#turns.take(() => this.#resources.parameters.readState());
    return await state;
  }

  async writeState(state: EngineState): Promise<void> {
    await this.#turns.take(() => {
      this.#resources.parameters.writeState(0, state);
      // The new state has no update that was not finite.
      const counter = this.#training?.source.buffers.get('counter');
      if (!counter) return;
      const words = new Uint32Array((counter.size - counterBytes) / 4);
      this.#device.gpu.queue.writeBuffer(counter, counterBytes, words);
    });
  }

  async dispose(): Promise<void> {
    if (!(await this.#turns.end())) return;
    const { parameters, buffers, readback, timing } = this.#resources;
    this.#evaluator.dispose();
    for (const explainer of this.#explainers.values()) explainer.dispose();
    this.#training?.program.dispose();
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
    this.#training?.program.dispose();
    this.#training?.source.dispose();
    this.#training = undefined;
    this.preparation = undefined;
    const { network, optimizer, batchSize, clipNorm } = this.#options;
    const { plan, parameters, buffers } = this.#resources;
    this.#training = await loadTraining(
      this.#device,
      {
        ...{ network, optimizer, batchSize, clipNorm, plan },
        stream: this.streams(dataset),
      },
      dataset,
      new Map([...parameters.bindings, ...buffers]),
    );
  }

  /** Submits steps, then a copy of their metrics. */
  async #submit(
    training: LoadedTraining,
    steps: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly metrics: Promise<StepMetrics> }> {
    const { source } = training;
    const { buffers, readback, timing } = this.#resources;
    const stopwatch: Stopwatch | undefined = timing && { queries: timing.queries, started: false };
    const made = await makeSteps(this.#device, training, steps, this.#options.batchSize, {
      isStopped: () => this.#turns.isOver || signal?.aborted === true,
      stopwatch,
    });
    this.#turns.requireLive();
    const metrics = buffers.get('metrics')!;
    const metricsBytes = metrics.size - clearMarkBytes;
    const timed = made.steps > 0 ? timing : undefined;
    const submitted = source.counter;
    const counter = source.buffers.get('counter')!;
    const { bytes } = await readback.read(
      'the metrics of training',
      [
        { buffer: metrics, size: metricsBytes },
        { buffer: counter, size: counter.size },
        ...(timed ? [{ buffer: timed.times, size: 16 }] : []),
      ],
      {
        beforeCopy: (encoder) =>
          timed && encoder.resolveQuerySet(timed.queries, 0, 2, timed.times, 0),
        clear: [{ buffer: metrics }],
      },
    );
    return {
      metrics: bytes.then((read) => {
        const view = new DataView(read);
        requireSteps('Training', view.getUint32(metricsBytes, true), submitted);
        const { costSum, correct } = sumMetrics(view, 0, metricsBytes);
        return {
          ...{ ...made, costSum, correct },
          ...firstNonFinite(view, metricsBytes + counterBytes, counter.size - counterBytes),
          ...(timed && gpuSeconds(view, metricsBytes + counter.size)),
        };
      }),
    };
  }

  async #evaluatorOf(dataset: Dataset): Promise<Evaluator> {
    return await this.#evaluator.of(dataset, async () => {
      const { network } = this.#options;
      requireFits(network, dataset);
      // If this is the training set, stream it: a second copy on the GPU would waste memory.
      const stream = this.streams(dataset) || dataset === this.#training?.dataset;
      const { bindings } = this.#resources.parameters;
      return await Evaluator.create(this.#device, network, bindings, dataset, stream);
    });
  }

  async #explainerOf(samples: number): Promise<Explainer> {
    const { network, batchSize } = this.#options;
    const { plan, parameters } = this.#resources;
    // With the plan of training, the gradient of a mini-batch has the bits that training gives it.
    const isTrained = samples <= batchSize && batchSize <= largestChunk;
    const found = this.#explainers.get(isTrained);
    if (found) return found;
    const chosen = isTrained
      ? plan
      : requirePlan(
          choosePlan(network, largestChunk, this.#device.adapter),
          ...([network, largestChunk, planTarget(this.#device)] as const),
        );
    const buffer = parameters.bindings.get('parameters')!;
    const made = await Explainer.create(this.#device, network, buffer, chosen);
    this.#explainers.set(isTrained, made);
    return made;
  }

  #requireTraining(): LoadedTraining {
    this.#turns.requireLive();
    if (!this.#training || this.#loads > 0) {
      throw new ConfigurationError('There is no training set. Call load() and await it first.');
    }
    return this.#training;
  }
}
