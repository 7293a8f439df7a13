/** Runs one of nudge's own backends on one workload: prepares it, warms it up and times repeats. */
import type { Dataset } from '../data/dataset.ts';
import { DeviceLostError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { Network } from '../network/network.ts';
import { sgd } from '../engine/optimizers.ts';
import { Trainer } from '../training/trainer.ts';
import type { CurvePoint, OwnBackendName, Series } from './result/schema.ts';
import { Repeats, type Stretch } from './repeats.ts';
import type { Workload } from './workloads.ts';

/** One backend on one workload in one block. */
export interface BlockSeries extends Omit<
  Series,
  'samplesPerSecond' | 'estimate' | 'limit' | 'threads'
> {
  /** Samples per second of each repeat. */
  readonly rates: readonly number[];
  readonly threads?: number;
}

/** A longer curve drops every second point. */
const maxPoints = 400;
/** An evaluation of this many seconds is not repeated: compiling is only a small part of it. */
const longEvaluation = 3;

export interface BackendRunOptions {
  readonly workload: Workload;
  readonly backend: OwnBackendName;
  readonly training: Dataset;
  readonly test: Dataset;
  readonly seed: number;
  readonly repeatSeconds: number;
  /** Steps of a repeat, if an earlier block has determined them. */
  readonly steps: number | undefined;
  readonly device: Device | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onPoint: (point: CurvePoint) => void;
}

/** The untrained network of a workload. */
export function networkOf({ network }: Workload, seed: number): Network {
  return new Network({ ...network, seed });
}

export async function createTrainer(
  workload: Workload,
  backend: OwnBackendName,
  seed: number,
  device: Device | undefined,
): Promise<Trainer> {
  const { batchSize, learningRate } = workload;
  return await Trainer.create(networkOf(workload, seed), {
    backend: backend === 'webgpu' ? 'webgpu' : 'cpu',
    batchSize,
    optimizer: sgd({ learningRate }),
    seed,
    ...(backend === 'webgpu' && device && { device }),
    ...(backend === 'cpu-1' && { threads: 1 }),
    // A recovery would count as training time.
    onDeviceLost: 'throw',
  });
}

export class BackendRun {
  readonly backend: OwnBackendName;
  readonly #options: BackendRunOptions;
  readonly #trainer: Trainer;
  readonly #createSeconds: number;
  #prepareSeconds = 0;
  readonly repeats: Repeats;
  #curve: CurvePoint[] = [];
  /** The curve keeps one of this many reports. */
  #stride = 1;
  #reports = 0;
  /** The sum of costs over all steps up to each reported step. */
  readonly costSums = new Map<number, number>();
  #costSum = 0;
  #seconds = 0;
  #finalCost = NaN;
  #evaluateSeconds: number | undefined;

  private constructor(options: BackendRunOptions, trainer: Trainer, createSeconds: number) {
    this.backend = options.backend;
    this.#options = options;
    this.#trainer = trainer;
    this.#createSeconds = createSeconds;
    this.repeats = new Repeats(
      (steps) => this.#train(steps, steps),
      options.repeatSeconds,
      options.steps,
    );
  }

  static async create(options: BackendRunOptions): Promise<BackendRun> {
    const { workload, backend, seed, device } = options;
    const start = performance.now();
    const trainer = await createTrainer(workload, backend, seed, device);
    return new BackendRun(options, trainer, (performance.now() - start) / 1000);
  }

  /** Compiles kernels and uploads the training set. */
  async prepare(): Promise<void> {
    const start = performance.now();
    await this.#trainer.prepare(this.#options.training);
    this.#prepareSeconds = (performance.now() - start) / 1000;
  }

  /** Times one pass over the test set. The first pass also compiles, so a short one is repeated. */
  async evaluate(): Promise<void> {
    const first = await this.#timeEvaluation();
    this.#evaluateSeconds = first < longEvaluation ? await this.#timeEvaluation() : first;
  }

  async #timeEvaluation(): Promise<number> {
    const start = performance.now();
    await this.#trainer.evaluate(this.#options.test);
    return (performance.now() - start) / 1000;
  }

  /** Trains to at least `step`, for a comparison of costs. */
  async trainTo(step: number, reportEvery: number): Promise<void> {
    while (this.#trainer.step < step) await this.#train(reportEvery, reportEvery);
  }

  /** Threads of the CPU engine, after {@link prepare}. */
  get threads(): number | undefined {
    return this.#trainer.threads;
  }

  get dispatchesPerStep(): number | undefined {
    return this.#trainer.dispatchesPerStep;
  }

  result(): BlockSeries {
    const { plan, dispatchesPerStep, preparation, threads } = this.#trainer;
    return {
      backend: this.backend,
      ...(plan !== undefined && { plan }),
      // 0 means that the calling thread computes.
      ...(threads !== undefined && { threads: Math.max(1, threads) }),
      ...(dispatchesPerStep !== undefined && { dispatchesPerStep }),
      compileSeconds: preparation?.compileSeconds ?? this.#createSeconds,
      uploadSeconds: preparation?.uploadSeconds ?? this.#prepareSeconds,
      warmUp: { seconds: this.repeats.warmUpSeconds, isSteady: this.repeats.isSteady },
      stepsPerRepeat: this.repeats.stepsPerRepeat,
      rates: [...this.repeats.rates],
      ...(this.#evaluateSeconds !== undefined && { evaluateSeconds: this.#evaluateSeconds }),
      finalCost: this.#finalCost,
      curve: this.#curve,
    };
  }

  async dispose(): Promise<void> {
    await this.#trainer.dispose();
  }

  async #train(steps: number, reportEvery: number): Promise<Stretch> {
    const { training, signal } = this.#options;
    let samples = 0;
    let seconds = 0;
    for await (const report of this.#trainer.fit(training, { steps, reportEvery, signal })) {
      samples += report.samples;
      seconds += report.seconds;
      this.#costSum += report.cost * report.samples;
      this.costSums.set(report.step, this.#costSum);
      this.#finalCost = report.cost;
      this.#seconds += report.seconds;
      const { step, cost, accuracy } = report;
      this.#keep({ step, cost, accuracy, seconds: this.#seconds });
    }
    // Without this check, no steps would count as infinite speed.
    if (samples === 0) throw new DeviceLostError('unknown', 'The trainer made no steps.');
    return { samples, seconds };
  }

  #keep(point: CurvePoint): void {
    if (this.#reports++ % this.#stride > 0) return;
    this.#curve.push(point);
    this.#options.onPoint(point);
    if (this.#curve.length < maxPoints) return;
    this.#curve = this.#curve.filter((_, n) => n % 2 === 0);
    this.#stride *= 2;
  }
}
