/**
 * Trains many networks of one shape side by side: one workgroup per network, and many steps in one dispatch
 * (`shaders/persistent.ts`). The result of a network does not depend on the number of others.
 */
import { paddedRows } from '../../shaders/batch.ts';
import { scratchVec4s } from '../../shaders/persistent.ts';
import type { Dataset } from '../data/dataset.ts';
import { TrainingCursor, type TrainingPosition } from '../engine/cursor.ts';
import type { EngineState } from '../engine/engine.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { Turns } from '../engine/turns.ts';
import { ConfigurationError, LimitError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import type { AdapterDescription } from './adapter.ts';
import type { Device } from './device.ts';
import { Kept } from './kept.ts';
import { stepLayers } from './layers.ts';
import { ParameterStore, parameterPlaces } from './parameterStore.ts';
import {
  choosePersistentPlan,
  describePersistentPlan,
  type PersistentPlan,
} from './plan/persistent.ts';
import type { OptimizerScalarsOf } from './optimizerScalars.ts';
import { clearMarkBytes, Readback } from './readback.ts';
import { makeSteps, requireSteps } from './run.ts';
import { sumMetrics } from './runMetrics.ts';
import { createSweepWork, type SweepWork } from './sweepWork.ts';

export interface SweepEngineOptions {
  /** At least one network, all of the same shape. Training starts from their parameters. */
  readonly networks: readonly Network[];
  readonly batchSize: number;
  /** Optimizer of all networks. Each epoch sets the learning rates. */
  readonly optimizer: Optimizer;
}

/** Sums over the steps of one run or evaluation, by network. */
export interface SweepMetrics {
  /** Steps that each network made; fewer than requested only after an abort. */
  readonly steps: number;
  /** Samples each network was trained on. */
  readonly samples: number;
  readonly costSums: Float64Array;
  readonly correct: Uint32Array;
  /** One entry per network: 1 if a cost or an update was not finite, in these steps or earlier in training. */
  readonly diverged: Uint8Array;
}

/** Objects that live as long as the engine. */
interface Resources {
  readonly plan: PersistentPlan;
  readonly parameters: ParameterStore;
  /** Buffers by binding name of the kernel. */
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly readback: Readback;
}

/** Runs whose metrics may be in flight at once. */
const reportsInFlight = 4;

export class SweepEngine {
  readonly #device: Device;
  readonly #options: SweepEngineOptions;
  readonly #resources: Resources;
  #training: SweepWork | undefined;
  readonly #evaluation = new Kept<SweepWork>();
  /** One entry per network: 1 if it has diverged in training. */
  #diverged: Uint8Array;
  /** Every operation that submits work waits for its turn here. */
  readonly #turns: Turns;

  private constructor(device: Device, options: SweepEngineOptions, resources: Resources) {
    this.#device = device;
    this.#options = options;
    this.#resources = resources;
    this.#diverged = new Uint8Array(options.networks.length);
    this.#turns = new Turns('This sweep was disposed of. Create a new one to go on training.', () =>
      device.throwIfUnusable(),
    );
  }

  /**
   * Uploads networks to a device.
   * @throws {ConfigurationError} when they do not all have the same shape
   * @throws {LimitError} when there are too many, or one is too large for a workgroup
   * @throws {OutOfMemoryError | DeviceLostError}
   */
  static async create(device: Device, options: SweepEngineOptions): Promise<SweepEngine> {
    const { networks, batchSize, optimizer } = options;
    const { length: count } = networks;
    const first = requireOneShape(networks);
    requireRoom(device, first, count);
    const plan = choosePersistentPlan(first, batchSize, device.adapter, count);
    const rows = paddedRows(batchSize);
    const progressBytes = 4 * count + 8 * rows * count + clearMarkBytes;
    const what = 'the buffers of a sweep';
    const parameters = await ParameterStore.create(device, {
      ...{ networks, optimizer, isClipping: false, what },
    });
    let buffers: ReadonlyMap<string, GPUBuffer> | undefined;
    try {
      buffers = await device.createBuffers(what, [
        ['scratch', 16 * scratchVec4s(stepLayers(first, batchSize)) * count],
        ['progress', progressBytes],
      ]);
      const readback = await Readback.create(device, 'metrics', progressBytes, reportsInFlight);
      return new SweepEngine(device, options, { plan, parameters, buffers, readback });
    } catch (error) {
      parameters.dispose();
      if (buffers) device.release(buffers.values());
      throw error;
    }
  }

  get adapter(): AdapterDescription {
    return this.#device.adapter;
  }

  /** Description of how a step is divided into tiles. */
  get plan(): string {
    return describePersistentPlan(this.#resources.plan);
  }

  /**
   * Loads the training set, replacing the previous one.
   * @throws {LimitError} when the dataset, or one sample order for each network, is too large for the device
   */
  async load(training: Dataset): Promise<void> {
    await this.#turns.take(async () => {
      this.#training?.dispose();
      this.#training = undefined;
      this.#training = await this.#createWork(training, this.#options.optimizer);
    });
  }

  /**
   * Starts an epoch for all networks.
   * @param optimizerScalarsOf returns the optimizer scalars for a network
   * @param orderOf returns the order in which a network visits the samples, [sampleCount]; called once for each
   *   network, in order, and only while the returned promise is pending
   * @param at where the next `run` begins, as in `Engine.beginEpoch`
   */
  async beginEpoch(
    optimizerScalarsOf: (network: number) => OptimizerScalarsOf,
    orderOf: (network: number) => Uint32Array<ArrayBuffer> | Promise<Uint32Array<ArrayBuffer>>,
    at: TrainingPosition,
  ): Promise<void> {
    await this.#turns.take(async () => {
      const training = this.#requireTraining();
      const { step, stepOfEpoch } = at;
      for (let n = 0; n < this.#options.networks.length; n++) {
        const order = await orderOf(n);
        this.#turns.requireLive();
        training.writeMember(n, order, optimizerScalarsOf(n)(step - stepOfEpoch, training.steps));
      }
      training.begin(new TrainingCursor(training.steps, at));
    });
  }

  /**
   * Makes `steps` steps of the epoch with every network. Calls may overlap; they run and resolve in order.
   * @param signal stops early, between submits; the metrics then say how many steps were made
   * @throws {DeviceLostError} when the device is lost or hangs
   */
  async run(steps: number, signal?: AbortSignal): Promise<SweepMetrics> {
    // Only submitting waits for its turn; the metrics may arrive while later steps already run.
    const { metrics } = await this.#turns.take(() =>
      this.#submit('the metrics of a sweep', this.#requireTraining(), steps, signal),
    );
    return await metrics;
  }

  /** Evaluates all networks on a dataset with their current parameters. */
  async evaluate(dataset: Dataset): Promise<SweepMetrics> {
    return await this.#turns.take(async () => {
      const work = await this.#evaluation.of(dataset, () => this.#createWork(dataset, undefined));
      work.begin(new TrainingCursor(work.steps));
      const { metrics } = await this.#submit('an evaluation', work, work.steps);
      // Evaluation uses the same step counters as training, so restore them.
      this.#training?.begin(this.#training.source.cursor);
      return await metrics;
    });
  }

  /** Reads the parameters of one network, in the layout of `parameterLayout`. */
  async readParameters(index: number): Promise<Float32Array<ArrayBuffer>> {
    const { parameters } = this.#resources;
    return await this.#turns.take(() => parameters.read(index, 'the parameters of a network'));
  }

  /** Reads parameters and moments of one network. */
  async readState(index: number): Promise<EngineState> {
    const { parameters } = this.#resources;
    const { state } = await this.#turns.take(() => parameters.readState(index));
    return await state;
  }

  /** Sets parameters and moments of one network. Call it before the first run. */
  writeState(index: number, state: EngineState): void {
    this.#resources.parameters.writeState(index, state);
  }

  /** Frees everything. Calling it again does nothing. */
  async dispose(): Promise<void> {
    if (!(await this.#turns.end())) return;
    const { parameters, buffers, readback } = this.#resources;
    this.#training?.dispose();
    this.#evaluation.dispose();
    parameters.dispose();
    readback.dispose();
    this.#device.release(buffers.values());
  }

  /** Submits steps, then a copy of all networks' metrics, which also resets the metrics to 0. */
  async #submit(
    what: string,
    work: SweepWork,
    steps: number,
    signal?: AbortSignal,
  ): Promise<{ readonly metrics: Promise<SweepMetrics> }> {
    const { buffers, plan, readback } = this.#resources;
    const made = await makeSteps(this.#device, work, steps, this.#options.batchSize, {
      isStopped: () => this.#turns.isOver || signal?.aborted === true,
    });
    this.#turns.requireLive();
    const submitted = work.source.cursor.stepOfEpoch;
    const isTraining = work === this.#training;
    const progress = buffers.get('progress')!;
    const count = this.#options.networks.length;
    const { bytes } = await readback.read(what, [{ buffer: progress, size: progress.size }], {
      clear: [{ buffer: progress, offset: 4 * count }],
    });
    const metrics = bytes.then((read) => {
      const view = new DataView(read);
      const costSums = new Float64Array(count);
      const correct = new Uint32Array(count);
      const diverged = this.#diverged.slice();
      const size = 8 * paddedRows(plan.batchSize);
      for (let n = 0; n < count; n++) {
        requireSteps(`Network ${n} of a sweep`, view.getUint32(4 * n, true), submitted);
        const sum = sumMetrics(view, 4 * count + size * n, size);
        costSums[n] = sum.costSum;
        correct[n] = sum.correct;
        if (sum.hasDiverged || !Number.isFinite(sum.costSum)) diverged[n] = 1;
      }
      if (isTraining) this.#diverged = diverged;
      return { ...made, costSums, correct, diverged };
    });
    // The caller awaits this later; an earlier failure must not count as unhandled.
    metrics.catch(() => undefined);
    return { metrics };
  }

  async #createWork(dataset: Dataset, optimizer: Optimizer | undefined): Promise<SweepWork> {
    const { networks } = this.#options;
    const { plan, parameters, buffers } = this.#resources;
    const shared = new Map([...parameters.bindings, ...buffers]);
    const all = { network: networks[0]!, count: networks.length };
    return await createSweepWork(this.#device, all, plan, dataset, optimizer, shared);
  }

  #requireTraining(): SweepWork {
    this.#turns.requireLive();
    if (this.#training) return this.#training;
    throw new ConfigurationError('There is no training set. Call load() and await it first.');
  }
}

/**
 * Checks whether the device can train this many networks at once, before any of them is created.
 * @throws {LimitError} if it cannot
 */
export function requireRoom(
  device: Device,
  { layers }: Pick<Network, 'layers'>,
  count: number,
): void {
  const max = device.limit('maxComputeWorkgroupsPerDimension');
  if (count > max) {
    throw new LimitError(
      `A sweep on this device can have at most ${max} networks (maxComputeWorkgroupsPerDimension); got ${count}. ` +
        'Run several sweeps one after another.',
    );
  }
  const bytes = 16 * parameterPlaces({ layers }).stride;
  for (const name of ['maxStorageBufferBindingSize', 'maxBufferSize'] as const) {
    const limit = device.limit(name);
    if (bytes * count <= limit) continue;
    throw new LimitError(
      `The parameters of ${count} networks ${layers.join('-')} take ${bytes * count} bytes, but the device allows ${limit} (${name}), ` +
        `enough for ${Math.floor(limit / bytes)} networks. Run several sweeps one after another.`,
    );
  }
}

/** Returns the first network after checking that all have its shape. */
function requireOneShape(networks: readonly Network[]): Network {
  const [first] = networks;
  if (!first) throw new ConfigurationError('A sweep needs at least one network; got none.');
  const shape = ({ layers, activation, output, cost }: Network) =>
    `${layers.join('-')} ${String(activation)}, ${output}, ${cost}`;
  const other = networks.find((network) => shape(network) !== shape(first));
  if (!other) return first;
  throw new ConfigurationError(
    `All networks of a sweep must have the same shape; got ${shape(first)} and ${shape(other)}. Run one sweep for each shape.`,
  );
}
