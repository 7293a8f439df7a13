/**
 * Many networks of one shape trained side by side: a workgroup each, and many steps in one dispatch
 * (`shaders/persistent.ts`). What one of them computes does not depend on how many others there are.
 */
import { momentCount, type UpdateRule } from '../../shaders/optimizer.ts';
import { divergedBit, persistentLayout } from '../../shaders/persistent.ts';
import type { Dataset } from '../data/dataset.ts';
import { ConfigurationError, DisposedError, LimitError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import { countParameters, parameterLayout } from '../network/parameters.ts';
import { requireStepsLeft, stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor, type TrainingPosition } from '../engine/cursor.ts';
import type { AdapterDescription } from './adapter.ts';
import type { Device } from './device.ts';
import { packLayer, unpackLayer } from './layout.ts';
import {
  choosePersistentPlan,
  describePersistentPlan,
  type PersistentPlan,
} from './plan/persistent.ts';
import type { RatesOf } from './rates.ts';
import { Readback } from './readback.ts';
import { requireSteps } from './run.ts';
import { createSweepWork, parameterPlaces, type SweepWork } from './sweepWork.ts';

export interface SweepEngineOptions {
  /** All of one shape; each with the parameters to start from. At least one. */
  readonly networks: readonly Network[];
  readonly batchSize: number;
  /** Of all networks; learning rates come with each epoch. */
  readonly optimizer: UpdateRule;
}

/** Sums over the steps of one run, by network. */
export interface SweepMetrics {
  /** Steps each network made: fewer than asked for only after an abort. */
  readonly steps: number;
  /** Samples each network was trained on. */
  readonly samples: number;
  readonly costSums: Float64Array;
  readonly correct: Uint32Array;
  /** By network: 1 once a cost or an update was not finite, in this run or an earlier one. */
  readonly diverged: Uint8Array;
}

/** How each network does on a dataset. */
export interface SweepEvaluation {
  /** Mean cost a sample, by network. */
  readonly costs: Float64Array;
  /** Share of samples whose largest output was their label's, by network. */
  readonly accuracies: Float64Array;
  /** By network: 1 for those that diverged in training, and those whose cost on this dataset is not finite. */
  readonly diverged: Uint8Array;
}

/** Buffers by the names of the kernel's bindings. */
interface Resources {
  readonly parameters: GPUBuffer;
  readonly moments: GPUBuffer | undefined;
  readonly scratch: GPUBuffer;
  readonly progress: GPUBuffer;
  readonly settings: GPUBuffer;
  readonly readback: Readback;
  readonly parameterReadback: Readback;
}

const reportsInFlight = 4;

export class SweepEngine {
  readonly #device: Device;
  readonly #options: SweepEngineOptions;
  readonly #plan: PersistentPlan;
  readonly #resources: Resources;
  #training: SweepWork | undefined;
  #evaluation: SweepWork | undefined;
  /** By network: 1 once it has diverged in training. */
  #diverged: Uint8Array;
  /** Where the next step to be submitted is; no step is left before an epoch has begun. */
  #cursor = new TrainingCursor(0);
  #isDisposed = false;
  /** The last of what has been asked for; everything that submits waits for its turn here. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(
    device: Device,
    options: SweepEngineOptions,
    plan: PersistentPlan,
    resources: Resources,
  ) {
    this.#device = device;
    this.#options = options;
    this.#plan = plan;
    this.#resources = resources;
    this.#diverged = new Uint8Array(options.networks.length);
  }

  /**
   * Puts networks on a device.
   * @throws {ConfigurationError} when they are not all of one shape
   * @throws {LimitError} when there are too many, or one is too large for a workgroup
   * @throws {OutOfMemoryError | DeviceLostError}
   */
  static async create(device: Device, options: SweepEngineOptions): Promise<SweepEngine> {
    const { networks, batchSize, optimizer } = options;
    const first = requireOneShape(networks);
    requireRoom(device, first, networks.length);
    const plan = choosePersistentPlan(first, batchSize, device.adapter, networks.length);
    const { rows, scratchQuads } = persistentLayout(plan);
    const { stride } = parameterPlaces(first);
    const count = networks.length;
    const moments = momentCount(optimizer);
    const progressBytes = 4 * count + 8 * rows * count;
    const made = await device.create('the buffers of a sweep', (allocate) => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      return {
        parameters: allocate('parameters', 16 * stride * count, usage),
        moments:
          moments > 0 ? allocate('moments', 16 * moments * stride * count, usage) : undefined,
        scratch: allocate('scratch', 16 * scratchQuads * count, usage),
        progress: allocate('progress', progressBytes, usage),
        settings: allocate('settings', 16, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST),
      };
    });
    const buffers = Object.values(made).filter((buffer) => buffer !== undefined);
    let readback: Readback | undefined;
    try {
      readback = await Readback.create(device, 'metrics', progressBytes, reportsInFlight);
      const stateBytes = 16 * stride * (1 + moments);
      const parameterReadback = await Readback.create(device, 'parameters', stateBytes, 1);
      const engine = new SweepEngine(device, options, plan, {
        ...made,
        readback,
        parameterReadback,
      });
      networks.forEach((network, n) => engine.#upload(network, n));
      return engine;
    } catch (error) {
      readback?.dispose();
      device.release(buffers);
      throw error;
    }
  }

  get adapter(): AdapterDescription {
    return this.#device.adapter;
  }

  /** How a step is cut up, in words. */
  get plan(): string {
    return describePersistentPlan(this.#plan);
  }

  /**
   * Takes the training set; replaces the one before.
   * @throws {LimitError} when it, or an order of it for each network, is too large for the device
   */
  async load(training: Dataset): Promise<void> {
    await this.#inTurn(async () => {
      this.#dispose(this.#training);
      this.#training = undefined;
      this.#cursor = new TrainingCursor(0);
      this.#training = await this.#createWork(training, this.#options.optimizer);
    });
  }

  /**
   * Starts an epoch for all networks.
   * @param ratesOf what gives a network's rates
   * @param orderOf the order in which a network visits the samples, [sampleCount]; only called, in order, while the
   *   promise is pending
   * @param at where the next `run` begins, as in {@link Engine.beginEpoch}
   */
  async beginEpoch(
    ratesOf: (network: number) => RatesOf,
    orderOf: (network: number) => Uint32Array<ArrayBuffer> | Promise<Uint32Array<ArrayBuffer>>,
    at: TrainingPosition,
  ): Promise<void> {
    await this.#inTurn(async () => {
      const { dataset, buffers } = this.#requireTraining();
      const { sampleCount } = dataset;
      const cursor = new TrainingCursor(stepsPerEpoch(sampleCount, this.#options.batchSize), at);
      const { step, stepOfEpoch, stepsPerEpoch: steps } = cursor;
      const { queue } = this.#device.gpu;
      for (let n = 0; n < this.#options.networks.length; n++) {
        const order = await orderOf(n);
        this.#requireLive();
        queue.writeBuffer(buffers.get('order')!, 4 * sampleCount * n, order);
        queue.writeBuffer(
          buffers.get('rates')!,
          16 * steps * n,
          ratesOf(n)(step - stepOfEpoch, steps),
        );
      }
      this.#setStep(stepOfEpoch);
      this.#cursor = cursor;
    });
  }

  /**
   * Makes `steps` steps of the epoch with every network. Calls may be made before earlier ones have resolved; they
   * run, and resolve, in order.
   * @param signal stops early, between submits; the metrics then say how many steps were made
   * @throws {DeviceLostError} when the device is lost or hangs
   */
  async run(steps: number, signal?: AbortSignal): Promise<SweepMetrics> {
    // Only the submitting waits for its turn; the metrics may arrive while later steps already run.
    const { made, samples, sums } = await this.#inTurn(async () => {
      const training = this.#requireTraining();
      const cursor = this.#cursor;
      requireStepsLeft(steps, cursor.stepsLeft);
      const start = cursor.stepOfEpoch;
      const done = await this.#submit(training, steps, signal);
      cursor.advance(done);
      const { batchSize } = this.#options;
      const end = Math.min(cursor.stepOfEpoch * batchSize, training.dataset.sampleCount);
      const read = await this.#readMetrics('the metrics of a sweep', cursor.stepOfEpoch);
      return {
        made: done,
        samples: Math.max(0, end - start * batchSize),
        // Noted before the run resolves, so that the next evaluation knows of it.
        sums: read.sums.then(({ diverged, ...sums }) => {
          this.#diverged = this.#diverged.map((before, n) => before | diverged[n]!);
          return { ...sums, diverged: this.#diverged };
        }),
      };
    });
    return { steps: made, samples, ...(await sums) };
  }

  /** Cost and accuracy of every network on any dataset, with the parameters as they are. */
  async evaluate(dataset: Dataset): Promise<SweepEvaluation> {
    return await this.#inTurn(async () => {
      const evaluation = await this.#evaluationOf(dataset);
      this.#setStep(0);
      const steps = stepsPerEpoch(dataset.sampleCount, this.#options.batchSize);
      await this.#submit(evaluation, steps, undefined);
      const { sums } = await this.#readMetrics('an evaluation', steps);
      this.#setStep(this.#cursor.stepOfEpoch);
      const { costSums, correct, diverged } = await sums;
      return {
        costs: costSums.map((sum) => sum / dataset.sampleCount),
        accuracies: Float64Array.from(correct, (count) => count / dataset.sampleCount),
        diverged: diverged.map((here, n) => here | this.#diverged[n]!),
      };
    });
  }

  /** The parameters of one network, in the layout of `parameterLayout`. */
  async readParameters(index: number): Promise<Float32Array<ArrayBuffer>> {
    const { parameters, parameterReadback } = this.#resources;
    const { layers } = this.#options.networks[0]!;
    const { stride, offsets } = parameterPlaces({ layers });
    const size = 16 * stride;
    const packed = await this.#inTurn(async () => {
      const range = { buffer: parameters, offset: size * index, size };
      const { bytes } = await parameterReadback.read('the parameters of a network', [range]);
      return new Float32Array(await bytes);
    });
    const values = new Float32Array(countParameters(layers));
    parameterLayout(layers).forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
      const layer = unpackLayer(packed.subarray(4 * offsets[l]!), inputs, outputs);
      values.set(layer.weights, weightOffset);
      values.set(layer.biases, biasOffset);
    });
    return values;
  }

  /** Numbers that {@link readState} gives of each network. */
  get stateSize(): number {
    const { stride } = parameterPlaces(this.#options.networks[0]!);
    return 4 * stride * (1 + momentCount(this.#options.optimizer));
  }

  /** The parameters and then the moments of one network, as the kernel has them: for {@link writeState} alone. */
  async readState(index: number): Promise<Float32Array<ArrayBuffer>> {
    const { parameters, moments, parameterReadback } = this.#resources;
    return await this.#inTurn(async () => {
      const ranges = [parameters, moments].flatMap((buffer) => {
        if (!buffer) return [];
        const size = buffer.size / this.#options.networks.length;
        return [{ buffer, offset: size * index, size }];
      });
      const { bytes } = await parameterReadback.read('the state of a network', ranges);
      return new Float32Array(await bytes);
    });
  }

  /** Gives one network a state, [stateSize]: what {@link readState} gave of one with this shape and optimizer. */
  writeState(index: number, state: Float32Array<ArrayBuffer>): void {
    const { parameters, moments } = this.#resources;
    let from = 0;
    for (const buffer of [parameters, moments]) {
      if (!buffer) continue;
      const length = buffer.size / 4 / this.#options.networks.length;
      this.#device.gpu.queue.writeBuffer(buffer, 4 * length * index, state, from, length);
      from += length;
    }
  }

  /** Frees everything. Calling it again does nothing. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    // What is under way stops or finishes first, and says so to whoever asked for it.
    await this.#queue.catch(() => undefined);
    this.#dispose(this.#training);
    this.#dispose(this.#evaluation);
    const { readback, parameterReadback, ...buffers } = this.#resources;
    readback.dispose();
    parameterReadback.dispose();
    this.#device.release(Object.values(buffers).filter((buffer) => buffer !== undefined));
  }

  #upload(network: Network, index: number): void {
    const { offsets, stride } = parameterPlaces(network);
    parameterLayout(network.layers).forEach(({ inputs, outputs }, l) => {
      const layer = packLayer(network.weights(l), network.biases(l), inputs, outputs);
      const at = 16 * (stride * index + offsets[l]!);
      this.#device.gpu.queue.writeBuffer(this.#resources.parameters, at, layer);
    });
  }

  /** Submits steps, as many to a submit as the pacer says, and as many to a dispatch as the plan allows. */
  async #submit(work: SweepWork, steps: number, signal: AbortSignal | undefined): Promise<number> {
    const { dataset, pipeline, bindGroup, pacer } = work;
    const { gpu } = this.#device;
    const { mostSteps, batchSize } = this.#plan;
    const stepCount = stepsPerEpoch(dataset.sampleCount, batchSize);
    let done = 0;
    while (done < steps && signal?.aborted !== true) {
      await pacer.ready();
      this.#requireLive();
      const wanted = Math.min(steps - done, pacer.steps);
      const each = Math.min(wanted, mostSteps);
      const dispatches = Math.floor(wanted / each);
      const settings = Uint32Array.of(dataset.sampleCount, stepCount, each, 0);
      gpu.queue.writeBuffer(this.#resources.settings, 0, settings);
      const encoder = gpu.createCommandEncoder({ label: 'steps' });
      const pass = encoder.beginComputePass({ label: 'steps' });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      const { length } = this.#options.networks;
      for (let i = 0; i < dispatches; i++) pass.dispatchWorkgroups(length);
      pass.end();
      gpu.queue.submit([encoder.finish({ label: 'steps' })]);
      pacer.submitted(each * dispatches);
      done += each * dispatches;
    }
    return done;
  }

  /** Queues a read of all networks' metrics, which start at 0 again behind it. */
  async #readMetrics(
    what: string,
    step: number,
  ): Promise<{ readonly sums: Promise<Pick<SweepMetrics, 'costSums' | 'correct' | 'diverged'>> }> {
    const { progress, readback } = this.#resources;
    const count = this.#options.networks.length;
    const { rows } = persistentLayout(this.#plan);
    const { bytes } = await readback.read(what, [{ buffer: progress, size: progress.size }], {
      afterCopy: (encoder) => encoder.clearBuffer(progress, 4 * count),
    });
    const sums = bytes.then((read) => {
      const view = new DataView(read);
      const costSums = new Float64Array(count);
      const correct = new Uint32Array(count);
      const diverged = new Uint8Array(count);
      for (let n = 0; n < count; n++) {
        requireSteps(`Network ${n} of a sweep`, view.getUint32(4 * n, true), step);
        for (let row = 0; row < rows; row++) {
          const offset = 4 * count + 8 * (n * rows + row);
          costSums[n]! += view.getFloat32(offset, true);
          const right = view.getUint32(offset + 4, true);
          if (right >= divergedBit) diverged[n] = 1;
          correct[n]! += right & ~divergedBit;
        }
        if (!Number.isFinite(costSums[n])) diverged[n] = 1;
      }
      return { costSums, correct, diverged };
    });
    // Awaited by whoever asked; one that fails earlier must not count as unhandled.
    sums.catch(() => undefined);
    return { sums };
  }

  /** Sets the step of every network, in the order of the queue. */
  #setStep(step: number): void {
    const steps = new Uint32Array(this.#options.networks.length).fill(step);
    this.#device.gpu.queue.writeBuffer(this.#resources.progress, 0, steps);
  }

  async #createWork(dataset: Dataset, optimizer: UpdateRule | undefined): Promise<SweepWork> {
    const { networks } = this.#options;
    const { parameters, moments, scratch, progress, settings } = this.#resources;
    const shared = { parameters, moments, scratch, progress, settings };
    const all = { network: networks[0]!, count: networks.length };
    return await createSweepWork(this.#device, all, this.#plan, dataset, optimizer, shared);
  }

  /** The last dataset evaluated is kept, since sweeps evaluate the same test set again and again. */
  async #evaluationOf(dataset: Dataset): Promise<SweepWork> {
    if (this.#evaluation?.dataset === dataset) return this.#evaluation;
    this.#dispose(this.#evaluation);
    this.#evaluation = undefined;
    this.#evaluation = await this.#createWork(dataset, undefined);
    return this.#evaluation;
  }

  #dispose(work: SweepWork | undefined): void {
    work?.source.dispose();
    if (work) this.#device.release(work.buffers.values());
  }

  #requireTraining(): SweepWork {
    this.#requireLive();
    if (this.#training) return this.#training;
    throw new ConfigurationError('There is no training set. Call load() and await it first.');
  }

  #requireLive(): void {
    if (this.#isDisposed) {
      throw new DisposedError('This sweep was disposed of. Create a new one to go on training.');
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

/**
 * Looks whether so many networks can be trained at once, before any of them is made.
 * @throws {LimitError} where they cannot
 */
export function requireRoom(
  device: Device,
  { layers }: Pick<Network, 'layers'>,
  count: number,
): void {
  const most = device.limit('maxComputeWorkgroupsPerDimension');
  if (count > most) {
    throw new LimitError(
      `${count} networks were given, and the device runs ${most} at once (maxComputeWorkgroupsPerDimension). ` +
        'Give them to several sweeps, one after another.',
    );
  }
  const bytes = 16 * parameterPlaces({ layers }).stride;
  for (const name of ['maxStorageBufferBindingSize', 'maxBufferSize'] as const) {
    const limit = device.limit(name);
    if (bytes * count <= limit) continue;
    throw new LimitError(
      `The parameters of ${count} networks ${layers.join('-')} take ${bytes * count} bytes, and the device allows ${limit} (${name}), ` +
        `which is ${Math.floor(limit / bytes)} networks. Give them to several sweeps, one after another.`,
    );
  }
}

/** The first of them, which speaks for all. */
function requireOneShape(networks: readonly Network[]): Network {
  const [first] = networks;
  if (!first)
    throw new ConfigurationError('A sweep needs at least one network, and none was given.');
  const shape = ({ layers, activation, output, cost }: Network) =>
    `${layers.join('-')} ${activation}, ${output}, ${cost}`;
  const other = networks.find((network) => shape(network) !== shape(first));
  if (!other) return first;
  throw new ConfigurationError(
    `The networks of a sweep have one shape, and ${shape(first)} and ${shape(other)} were given. Give each shape a sweep of its own.`,
  );
}
