/**
 * Training that survives the loss of its GPU device.
 *
 * WebGPU takes a device away when a driver resets or is updated, a laptop changes its GPU, or a browser's GPU process
 * ends. Nothing on it can be read then, so the host keeps what it needs to go on: now and then a snapshot of the
 * parameters, and a log of what was asked for since. A new device gets the snapshot and repeats the log. The same
 * kernels run in the same order, so the same adapter and plan give the same bits as without the loss.
 */
import type { Dataset } from '../data/dataset.ts';
import { requireEpoch, stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor, type TrainingPosition } from '../engine/cursor.ts';
import type {
  Backend,
  Engine,
  EngineOptions,
  EnginePlan,
  EngineState,
  Evaluation,
  Preparation,
  StepMetrics,
} from '../engine/engine.ts';
import { momentCount } from '../engine/optimizers/registry.ts';
import type { JoinedPass } from '../engine/pass.ts';
import {
  ConfigurationError,
  DeviceLostError,
  DisposedError,
  NoAdapterError,
  NudgeError,
  TrainingInterruptedError,
} from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import type { PlanOrigin } from '../gpu/createEngine.ts';
import type { Device } from '../gpu/device.ts';
import type { Network } from '../network/network.ts';
import { Call, RecoveryLog, type Operation } from './recoveryLog.ts';
import type { TrainingSnapshot } from './snapshot.ts';

/** What happened to a trainer's GPU, as plain data. Each loss gives `lost`; `recovered` follows when training goes on. */
export type RecoveryEvent =
  | {
      readonly type: 'lost';
      readonly reason: DeviceLostError['reason'];
      /** The message of the error. */
      readonly message: string;
      /** Steps made and reported by then. */
      readonly step: number;
    }
  | {
      readonly type: 'recovered';
      /** Steps made and reported by then. */
      readonly step: number;
      /** Steps that were reported before the loss and had to be made again. */
      readonly replayedSteps: number;
      /** From the loss until training went on. */
      readonly seconds: number;
      readonly backend: Backend;
      /** Undefined on the CPU. */
      readonly adapter?: AdapterDescription;
      /** Whether the new adapter has the description of the old one. */
      readonly isSameAdapter: boolean;
      /** False if the plan did not fit the new adapter, or the CPU goes on. The bits then differ. */
      readonly isSamePlan: boolean;
    };

/** What a trainer does when its device is lost. */
export interface LossOptions {
  /**
   * `webgpu`: what to do when the device is lost or stops answering.
   * - `recover`: train on another device of the same `GPU`, from a snapshot that the trainer keeps. On the same adapter
   *   every result has the bits of the undisturbed run. If no adapter comes back within two seconds, or three devices in
   *   a row are lost without a result, calls end in a `TrainingInterruptedError`.
   * - `cpu`: the same, but then the CPU engine goes on. Its results have other bits. Only with backend `auto`.
   * - `throw`: calls end in a `TrainingInterruptedError` at once.
   *
   * Default `recover`.
   */
  readonly onDeviceLost?: 'recover' | 'cpu' | 'throw';
  /** `webgpu`: called when the device is lost, and when training goes on. An error that it throws is ignored. */
  readonly onRecovery?: (event: RecoveryEvent) => void;
}

/** An engine, and what it runs on. */
export interface OpenEngine {
  readonly engine: Engine;
  /** Undefined on the CPU. */
  readonly device?: Device;
  readonly planOrigin?: PlanOrigin;
  /** Frees the device if it is not the caller's. Call it after disposing of the engine. */
  readonly release: () => void;
}

export interface RecoveryOptions {
  readonly network: Network;
  readonly options: LossOptions & Pick<EngineOptions, 'batchSize' | 'optimizer'>;
  readonly opened: OpenEngine & { readonly device: Device };
  /** The reason of `auto` for the GPU. */
  readonly choice?: string | undefined;
  /** Creates an engine on another device. @param plan default: chosen for the device */
  readonly openGpu: (device: Device, plan?: EnginePlan) => Promise<OpenEngine>;
  readonly openCpu: () => Promise<Engine>;
}

/** Recoveries in a row, without any result in between, after which a recovery is not tried again. */
const maxAttempts = 3;
/** A driver takes a moment to come back after a reset. Until then there is no adapter. */
const adapterPatienceMs = 2000;
const adapterPauseMs = 100;

/** A snapshot takes place at most twice a second, and costs at most 1 % of the time. */
const shortestIntervalMs = 500;
const intervalPerCost = 100;
/** Expected cost of the first snapshot, before one was timed: a copy, a read-back and unpacking. */
const floatsPerMs = 100_000;
/** Entries of logged orders, 64 MB, after which a snapshot is taken earlier. */
const maxLoggedOrders = 2 ** 24;

/** An engine that moves to another device when its own is lost; see {@link Engine} for its methods. */
export class RecoveringEngine implements Engine {
  readonly #options: RecoveryOptions;
  /** While a recovery is under way, the last engine; only its getters are used then. */
  #opened: OpenEngine;
  #choice: string | undefined;
  /** The device that a recovery is preparing. */
  #opening: Device | undefined;
  /** Counts the losses. Results of an engine of an earlier device are ignored. */
  #losses = 0;
  #recovery: Promise<void> | undefined;
  /** A loss that an operation noticed during the recovery. */
  #lostAgain: DeviceLostError | undefined;
  #attempts = 0;
  #failure: NudgeError | undefined;
  #isDisposed = false;
  /** Rejects when this engine is disposed of. */
  readonly #disposal: Promise<never>;
  #endWaiting!: (error: DisposedError) => void;
  preparation: Preparation | undefined;

  readonly #log = new RecoveryLog();
  #isReadingState = false;
  #nextSnapshotAt: number | undefined;
  #lastRunAt = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#opened = options.opened;
    this.#choice = options.choice;
    this.#disposal = new Promise((_, reject) => {
      this.#endWaiting = reject;
    });
    this.#disposal.catch(() => undefined);
  }

  get backend(): Backend {
    return this.#opened.engine.backend;
  }

  get adapter(): AdapterDescription | undefined {
    return this.#opened.device?.adapter;
  }

  get choice(): string | undefined {
    return this.#choice;
  }

  get planOrigin(): PlanOrigin | undefined {
    return this.#opened.planOrigin;
  }

  get plan(): string {
    return this.#opened.engine.plan ?? '';
  }

  get exactPlan(): EnginePlan {
    return this.#opened.engine.exactPlan!;
  }

  get threads(): number | undefined {
    return this.#opened.engine.threads;
  }

  get dispatchesPerStep(): number | undefined {
    return this.#opened.engine.dispatchesPerStep;
  }

  async load(training: Dataset): Promise<void> {
    this.preparation = undefined;
    await this.#do({
      kind: 'load',
      perform: (engine) => engine.load(training),
      after: (moment) => ({ ...moment, training, order: undefined }),
    });
  }

  async settle(): Promise<void> {
    await this.#do({
      perform: async (engine) => {
        await engine.settle?.();
        this.preparation = engine.preparation;
      },
    });
  }

  /** @param order do not change it later: it is kept until a snapshot after the epoch has arrived */
  beginEpoch(order: Uint32Array<ArrayBuffer>, at: TrainingPosition): void {
    this.#throwIfFailed();
    const { position } = new TrainingCursor(undefined, at);
    if (this.#recovery) {
      const { training } = this.#log.now();
      if (!training) {
        throw new ConfigurationError('There is no training set. Call load() and await it first.');
      }
      requireEpoch(order, at, training.sampleCount, this.#options.options.batchSize);
    } else {
      try {
        this.#opened.engine.beginEpoch(order, at);
      } catch (error) {
        if (!this.#canLose() || !(error instanceof DeviceLostError)) throw error;
        this.#lose(error);
        this.#throwIfFailed();
      }
    }
    if (!this.#canLose()) return;
    const call = new Call<void>({
      perform: (engine) => {
        engine.beginEpoch(order, position);
        return Promise.resolve();
      },
      after: (moment) => ({ ...moment, order, position }),
    });
    call.resolve(undefined);
    this.#log.add(call, order.length);
  }

  async run(steps: number, signal?: AbortSignal): Promise<StepMetrics> {
    const running = this.#do<StepMetrics>({
      kind: 'run',
      perform: async (engine, made) => {
        if (!made) return await engine.run(steps, signal);
        return made.steps === 0 ? made : await engine.run(made.steps);
      },
      after: ({ position, isFinite, ...moment }, { steps: made, costSum, nonFinite }) => {
        const cursor = new TrainingCursor(undefined, position);
        cursor.advance(made);
        const stillFinite = isFinite && !nonFinite && Number.isFinite(costSum);
        return { ...moment, position: cursor.position, isFinite: stillFinite };
      },
    });
    this.#takeSnapshot();
    const metrics = await running;
    this.#lastRunAt = performance.now();
    return metrics;
  }

  async evaluate(dataset: Dataset): Promise<Evaluation> {
    return await this.#do({ perform: (engine) => engine.evaluate(dataset) });
  }

  async predict(dataset: Dataset): Promise<Float32Array<ArrayBuffer>> {
    return await this.#do({ perform: (engine) => engine.predict(dataset) });
  }

  async explain(dataset: Dataset, samples: Uint32Array<ArrayBuffer>): Promise<JoinedPass> {
    return await this.#do({ perform: (engine) => engine.explain(dataset, samples) });
  }

  async readParameters(): Promise<Float32Array<ArrayBuffer>> {
    return await this.#do({ perform: (engine) => engine.readParameters() });
  }

  async readState(): Promise<EngineState> {
    return await this.#do({ perform: (engine) => engine.readState() });
  }

  async writeState(given: EngineState, at?: TrainingPosition): Promise<void> {
    const state = {
      parameters: given.parameters.slice(),
      moments: given.moments.map((moment) => moment.slice()),
    };
    await this.#do({
      kind: 'state',
      perform: (engine) => engine.writeState(state),
      after: ({ position, training }) => ({
        ...{ state, training, isFinite: true },
        position: at ? new TrainingCursor(undefined, at).position : position,
      }),
    });
  }

  /** Ends a recovery, too. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const disposed = new DisposedError(
      'This engine was disposed of. Create a new one to go on training.',
    );
    this.#failure ??= disposed;
    if (this.#recovery) {
      this.#log.rejectAll(disposed);
      this.#endWaiting(disposed);
      // Waits for this device reject then, so the recovery ends at once.
      this.#opening?.destroy();
      await this.#recovery;
    }
    await this.#close();
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Whether a loss is still survived, or at least reported. The CPU engine has no device to lose. */
  #canLose(): boolean {
    return this.#opened.device !== undefined;
  }

  /** Performs an operation now, or in its turn during a recovery. */
  async #do<T>(operation: Operation<T>): Promise<T> {
    this.#throwIfFailed();
    const call = new Call(operation);
    this.#log.add(call);
    if (!this.#recovery) void this.#start(call);
    return await call.answer;
  }

  /** Gives a call to the engine. It is answered unless the device is lost. */
  async #start<T>(call: Call<T>): Promise<void> {
    const { engine, device } = this.#opened;
    const losses = this.#losses;
    try {
      const made = await call.perform(engine);
      if (losses === this.#losses) this.#answer(call, made);
    } catch (error) {
      const loss = device && (await lossIn(error, device));
      if (losses !== this.#losses) return;
      if (loss && !this.#isDisposed) {
        this.#lose(loss);
      } else {
        this.#log.delete(call);
        call.reject(error);
      }
    }
  }

  #answer<T>(call: Call<T>, made: T): void {
    if (call.operation.kind !== 'snapshot') this.#attempts = 0;
    this.#log.answer(call, made, this.#canLose());
  }

  /** Reads the state behind the runs submitted so far, if the last snapshot is long enough ago. */
  #takeSnapshot(): void {
    if (this.#recovery || this.#failure || this.#isReadingState || !this.#canLose()) return;
    const { network, options } = this.#options;
    const asked = performance.now();
    const pauseAfter = (costMs: number) => {
      const pause = Math.max(shortestIntervalMs, intervalPerCost * costMs);
      this.#nextSnapshotAt = performance.now() + pause;
    };
    if (this.#nextSnapshotAt === undefined) {
      const floats = network.parameterCount * (1 + momentCount(options.optimizer));
      pauseAfter(floats / floatsPerMs);
    }
    if (asked < this.#nextSnapshotAt! && this.#log.orderEntries < maxLoggedOrders) return;
    this.#isReadingState = true;
    const reading = this.#do<EngineState>({
      kind: 'snapshot',
      perform: (engine) => engine.readState(),
      after: (moment, state) => ({ ...moment, state }),
    });
    const end = () => {
      this.#isReadingState = false;
      // The runs before it are no part of its cost.
      pauseAfter(performance.now() - Math.max(asked, this.#lastRunAt));
    };
    reading.then(end, end);
  }

  #lose(loss: DeviceLostError): void {
    this.#losses++;
    if (this.#recovery) {
      this.#lostAgain = loss;
      return;
    }
    if (this.#options.options.onDeviceLost === 'throw') {
      this.#tellLoss(loss);
      this.#giveUp(loss, '');
    } else {
      this.#recovery = this.#recover(loss);
    }
  }

  /** Never rejects. */
  async #recover(loss: DeviceLostError): Promise<void> {
    const began = performance.now();
    const { adapter, exactPlan } = this;
    const goOn = (replayedSteps: number) => {
      const { backend } = this;
      this.#tell({
        type: 'recovered',
        step: this.#log.now().position.step,
        replayedSteps,
        seconds: (performance.now() - began) / 1000,
        backend,
        ...(this.adapter && { adapter: this.adapter }),
        isSameAdapter: isSame(adapter, this.adapter),
        isSamePlan: isSame(exactPlan, this.exactPlan),
      });
    };
    let cause: Error;
    for (let lost = loss; ;) {
      this.#tellLoss(lost);
      try {
        await this.#close();
        if (this.#attempts++ >= maxAttempts) {
          cause = new NudgeError(
            `The GPU was lost ${this.#attempts} times in a row without a result.`,
          );
          break;
        }
        await this.#openGpu(exactPlan);
        await this.#replay(goOn);
        return;
      } catch (error) {
        if (this.#isDisposed) return;
        const again = await lossIn(error, this.#opened.device!);
        if (!again) {
          cause = error as Error;
          break;
        }
        this.#losses++;
        lost = again;
      }
    }
    try {
      await this.#close();
      if (this.#options.options.onDeviceLost === 'cpu') {
        this.#opened = { engine: await this.#options.openCpu(), release: () => undefined };
        this.#choice = `cpu: the GPU was lost, and none came back (${cause.message})`;
        await this.#replay(goOn);
        // The CPU's state is not lost with a device.
        this.#log.clear();
        return;
      }
    } catch (error) {
      cause = error as Error;
    }
    this.#recovery = undefined;
    if (!this.#isDisposed) this.#giveUp(loss, ` It could not go on: ${cause.message}`, cause);
  }

  /** Disposes of the engine, and of the device unless it is the caller's. */
  async #close(): Promise<void> {
    const { engine, release } = this.#opened;
    await engine.dispose();
    release();
  }

  async #openGpu(plan: EnginePlan): Promise<void> {
    const device = await this.#requestDevice();
    this.#opening = device;
    const { openGpu } = this.#options;
    const { planOrigin } = this;
    try {
      const opened = await openGpu(device, plan).then(
        (same) => ({ ...same, ...(planOrigin && { planOrigin }) }),
        async (error: unknown) => {
          // Another adapter has other limits.
          if (!(error instanceof ConfigurationError)) throw error;
          return await openGpu(device);
        },
      );
      this.#opened = { ...opened, device, release: () => device.destroy() };
    } catch (error) {
      const loss = await lossIn(error, device);
      device.destroy();
      throw loss ?? error;
    }
  }

  async #requestDevice(): Promise<Device> {
    const end = performance.now() + adapterPatienceMs;
    for (;;) {
      const requesting = this.#opened.device!.requestAnother();
      const destroyIfLate = (device: Device) => {
        if (this.#isDisposed) device.destroy();
      };
      requesting.then(destroyIfLate, () => undefined);
      try {
        return await Promise.race([requesting, this.#disposal]);
      } catch (error) {
        if (!(error instanceof NoAdapterError) || performance.now() >= end) throw error;
      }
      await Promise.race([sleep(adapterPauseMs), this.#disposal]);
    }
  }

  /**
   * Brings a new engine to the last known moment, then repeats the log. Answered calls are repeated silently; the others
   * get their results from this engine. Then the recovery is over.
   * @param goOn gets the number of steps that were repeated
   */
  async #replay(goOn: (replayedSteps: number) => void): Promise<void> {
    const { engine } = this.#opened;
    const { training, state, order, position } = this.#log.base;
    this.#lostAgain = undefined;
    if (training) await engine.load(training);
    if (state) await engine.writeState(state);
    if (order) engine.beginEpoch(order, position);
    let replayedSteps = 0;
    const repeated = new Set<Call<unknown>>();
    let steps = 0;
    const makeSteps = async () => {
      this.#throwIfStopped();
      if (steps > 0) await engine.run(steps);
      replayedSteps += steps;
      steps = 0;
    };
    for (const call of [...this.#log]) {
      if (!call.isAnswered) break;
      repeated.add(call);
      if (call.operation.kind === 'run') {
        // The runs of an epoch are made as one, because waiting for each takes longer. The steps are the same.
        steps += (call.made as StepMetrics).steps;
      } else {
        await makeSteps();
        await call.perform(engine);
      }
    }
    await makeSteps();
    // A set visits calls that are added meanwhile, too.
    for (const call of this.#log) {
      if (repeated.has(call)) continue;
      this.#throwIfStopped();
      const { kind } = call.operation;
      if (call.isAnswered) {
        await call.perform(engine);
        if (kind === 'run') replayedSteps += (call.made as StepMetrics).steps;
      } else if (kind === 'snapshot') {
        this.#log.delete(call);
        call.reject(new DeviceLostError('unknown', 'The device was lost before the snapshot.'));
      } else {
        const started = this.#start(call);
        if (kind === 'load') await started;
      }
    }
    this.#throwIfStopped();
    // At once: what is called from now on goes to the engine itself.
    this.#recovery = undefined;
    // The next run takes a snapshot, so that another loss repeats nothing of this again.
    this.#nextSnapshotAt = 0;
    goOn(replayedSteps);
  }

  #throwIfStopped(): void {
    if (this.#isDisposed) throw this.#failure!;
    if (this.#lostAgain) throw this.#lostAgain;
  }

  #giveUp(loss: DeviceLostError, why: string, cause: Error = loss): void {
    const snapshot = this.#snapshot();
    this.#failure = new TrainingInterruptedError(
      loss.reason,
      `Training stopped after step ${this.#log.now().position.step}, because the GPU ${lossFacts[loss.reason]}.${why} ` +
        `The snapshot in this error is of step ${snapshot.step}: restore() of another trainer goes on from it.`,
      snapshot,
      { cause },
    );
    this.#log.rejectAll(this.#failure);
  }

  /** The base in the form that a trainer restores. */
  #snapshot(): TrainingSnapshot {
    const { network, options } = this.#options;
    const { position, state, training } = this.#log.base;
    const perEpoch = training && stepsPerEpoch(training.sampleCount, options.batchSize);
    const cursor = new TrainingCursor(perEpoch, position);
    if (cursor.stepsLeft === 0) cursor.nextEpoch();
    const zeros = () => new Float32Array(network.parameterCount);
    return {
      ...cursor.position,
      layers: [...network.layers],
      parameters: state?.parameters ?? network.parameters.slice(),
      moments: state?.moments ?? Array.from({ length: momentCount(options.optimizer) }, zeros),
    };
  }

  #tellLoss({ reason, message }: DeviceLostError): void {
    this.#tell({ type: 'lost', reason, message, step: this.#log.now().position.step });
  }

  #tell(event: RecoveryEvent): void {
    const listener = this.#options.options.onRecovery;
    // Training must go on, so an error of the listener, or of a promise that it returns, is ignored.
    void (async () => {
      await (listener?.(event) as unknown);
    })().catch(() => undefined);
  }
}

const lossFacts = {
  destroyed: 'device was destroyed',
  unknown: 'device was lost',
  timeout: 'stopped answering',
} as const;

/** The loss that an error tells of, if any. */
async function lossIn(error: unknown, device: Device): Promise<DeviceLostError | undefined> {
  if (error instanceof DeviceLostError) return error;
  if (error instanceof NudgeError) return undefined;
  // A call on a device that was just destroyed may throw before `device.lost` settles.
  await sleep(0);
  try {
    device.throwIfUnusable();
    return undefined;
  } catch (found) {
    return found instanceof DeviceLostError ? found : undefined;
  }
}

function isSame(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
