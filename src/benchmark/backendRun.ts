/** One backend at one workload: made ready, warmed up, timed repeat by repeat. */
import type { Dataset } from '../data/dataset.ts';
import { DeviceLostError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { Network } from '../network/network.ts';
import { sgd } from '../engine/optimizers.ts';
import { Trainer } from '../training/trainer.ts';
import type { CurvePoint, OwnBackendName, Series } from './result/schema.ts';
import { Repeats, type Stretch } from './repeats.ts';
import type { Workload } from './workloads.ts';

/** How one backend did on one workload in one block. */
export interface BlockSeries extends Omit<
  Series,
  'samplesPerSecond' | 'estimate' | 'limit' | 'threads'
> {
  /** Samples a second of each repeat. */
  readonly rates: readonly number[];
  /** Of the CPU engine. */
  readonly threads?: number;
}

/** Points of the curve that are kept; beyond them every second one goes. */
const maxPoints = 400;
/** Seconds of an evaluation that is not done again for the sake of its compiling. */
const longEvaluation = 3;
export interface BackendRunOptions {
  readonly workload: Workload;
  readonly backend: OwnBackendName;
  readonly training: Dataset;
  readonly test: Dataset;
  readonly seed: number;
  readonly repeatSeconds: number;
  /** Of a repeat, where an earlier block has found it. */
  readonly steps: number | undefined;
  readonly device: Device | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onPoint: (point: CurvePoint) => void;
}

/** The untrained network of a workload. */
export function networkOf({ network }: Workload, seed: number): Network {
  return new Network({ ...network, seed });
}

/** What trains a workload on a backend, from the start. */
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
  /** Reports to pass over between two points that are kept. */
  #stride = 1;
  #reports = 0;
  /** Every report's step, and the sum of costs over all steps up to it. */
  readonly #costSums = new Map<number, number>();
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

  /** @throws what the engine throws that cannot be had */
  static async create(options: BackendRunOptions): Promise<BackendRun> {
    const { workload, backend, seed, device } = options;
    const start = performance.now();
    const trainer = await createTrainer(workload, backend, seed, device);
    return new BackendRun(options, trainer, (performance.now() - start) / 1000);
  }

  /** Compiles and uploads. */
  async prepare(): Promise<void> {
    const start = performance.now();
    await this.#trainer.prepare(this.#options.training);
    this.#prepareSeconds = (performance.now() - start) / 1000;
  }

  /** Times one pass over the test set. The first compiles, and counts only where that is little of it. */
  async evaluate(): Promise<void> {
    const first = await this.#timeEvaluation();
    this.#evaluateSeconds = first < longEvaluation ? await this.#timeEvaluation() : first;
  }

  async #timeEvaluation(): Promise<number> {
    const start = performance.now();
    await this.#trainer.evaluate(this.#options.test);
    return (performance.now() - start) / 1000;
  }

  /** Sums of costs up to each step that was reported. */
  get costSums(): ReadonlyMap<number, number> {
    return this.#costSums;
  }

  /** Trains on without timing until at least `step`, for a comparison of costs. */
  async trainTo(step: number, reportEvery: number): Promise<void> {
    while (this.#trainer.step < step) await this.#train(reportEvery, reportEvery);
  }

  /** Of the CPU engine, once it is prepared. */
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
      // Where the calling thread computes, that is one.
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
      this.#costSums.set(report.step, this.#costSum);
      this.#finalCost = report.cost;
      this.#seconds += report.seconds;
      const { step, cost, accuracy } = report;
      this.#keep({ step, cost, accuracy, seconds: this.#seconds });
    }
    // A fast run that made no steps would look like an infinitely fast one.
    if (samples === 0) throw new DeviceLostError('unknown', 'Steps were asked for and none made.');
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
