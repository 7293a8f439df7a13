/** One side at one workload: made ready, warmed up, timed repeat by repeat. */
import type { Dataset } from '../data/dataset.ts';
import { DeviceLostError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { Network } from '../network/network.ts';
import { stepBytes, stepFlop } from '../network/stepWork.ts';
import { sgd } from '../training/optimizers.ts';
import { Trainer } from '../training/trainer.ts';
import { judgeStep } from './limit.ts';
import type { CurvePoint, OwnSideName, Series } from './result/schema.ts';
import { Repeats, type Stretch } from './repeats.ts';
import { estimateMedian, median } from './statistics.ts';
import type { Workload } from './workloads.ts';

/** Points of the curve that are kept; beyond them every second one goes. */
const mostPoints = 400;
/** Seconds of an evaluation that is not done again for the sake of its compiling. */
const longEvaluation = 3;
export interface SideRunOptions {
  readonly workload: Workload;
  readonly side: OwnSideName;
  readonly training: Dataset;
  readonly test: Dataset;
  readonly seed: number;
  readonly repeatSeconds: number;
  readonly device: Device | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onPoint: (point: CurvePoint) => void;
}

/** The untrained network of a workload. */
export function networkOf({ network }: Workload, seed: number): Network {
  return new Network({ ...network, seed });
}

/** What trains a workload on a side, from the start. */
export async function createTrainer(
  workload: Workload,
  side: OwnSideName,
  seed: number,
  device: Device | undefined,
): Promise<Trainer> {
  const { batchSize, learningRate } = workload;
  return await Trainer.create(networkOf(workload, seed), {
    backend: side === 'webgpu' ? 'webgpu' : 'cpu',
    batchSize,
    optimizer: sgd({ learningRate }),
    seed,
    ...(side === 'webgpu' && device && { device }),
    ...(side === 'cpu-1' && { threads: 1 }),
  });
}

export class SideRun {
  readonly side: OwnSideName;
  readonly #options: SideRunOptions;
  readonly #trainer: Trainer;
  readonly #createSeconds: number;
  #prepareSeconds = 0;
  readonly #repeats: Repeats;
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

  private constructor(options: SideRunOptions, trainer: Trainer, createSeconds: number) {
    this.side = options.side;
    this.#options = options;
    this.#trainer = trainer;
    this.#createSeconds = createSeconds;
    const train = (steps: number, reportEvery: number) => this.#train(steps, reportEvery);
    this.#repeats = new Repeats(train, options.repeatSeconds);
  }

  /** @throws what the engine throws that cannot be had */
  static async create(options: SideRunOptions): Promise<SideRun> {
    const { workload, side, seed, device } = options;
    const start = performance.now();
    const trainer = await createTrainer(workload, side, seed, device);
    return new SideRun(options, trainer, (performance.now() - start) / 1000);
  }

  /** Compiles and uploads. */
  async prepare(): Promise<void> {
    const start = performance.now();
    await this.#trainer.prepare(this.#options.training);
    this.#prepareSeconds = (performance.now() - start) / 1000;
  }

  /** Trains until rates are steady. */
  async warmUp(): Promise<void> {
    await this.#repeats.warmUp();
  }

  /** One timed repeat. @returns samples a second */
  async repeat(): Promise<number> {
    return await this.#repeats.repeat();
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

  get isSteady(): boolean {
    return this.#repeats.isSteady;
  }

  /** Trains on without timing until at least `step`, with a report at every step: for whoever compares costs. */
  async trainTo(step: number, reportEvery: number): Promise<void> {
    while (this.#trainer.step < step) await this.#train(reportEvery, reportEvery);
  }

  result(limits: MeasuredLimits | undefined, seed: number): Series {
    const { side, workload } = this.#options;
    const { plan, dispatchesPerStep, preparation } = this.#trainer;
    const limit = limits && dispatchesPerStep && this.#judge(limits, dispatchesPerStep);
    return {
      side,
      ...(plan !== undefined && { plan }),
      ...(dispatchesPerStep !== undefined && { dispatchesPerStep }),
      compileSeconds: preparation?.compileSeconds ?? this.#createSeconds,
      uploadSeconds: preparation?.uploadSeconds ?? this.#prepareSeconds,
      warmUp: { seconds: this.#repeats.warmUpSeconds, isSteady: this.isSteady },
      stepsPerRepeat: this.#repeats.stepsPerRepeat,
      samplesPerSecond: [...this.#repeats.rates],
      estimate: estimateMedian(this.#repeats.rates, seed),
      ...(this.#evaluateSeconds !== undefined && { evaluateSeconds: this.#evaluateSeconds }),
      finalCost: this.#finalCost,
      curve: this.#curve,
      ...(limit && {
        limit: {
          bound: limit.bound,
          fraction: limit.fraction,
          flopPerStep: stepFlop(workload.network.layers, workload.batchSize),
          bytesPerStep: stepBytes(workload.network.layers, workload.batchSize),
        },
      }),
    };
  }

  async dispose(): Promise<void> {
    await this.#trainer.dispose();
  }

  #judge(limits: MeasuredLimits, dispatches: number): ReturnType<typeof judgeStep> {
    const { network, batchSize } = this.#options.workload;
    const seconds = batchSize / median(this.#repeats.rates);
    return judgeStep(limits, { layers: network.layers, batchSize, dispatches, seconds });
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
    if (this.#curve.length < mostPoints) return;
    this.#curve = this.#curve.filter((_, n) => n % 2 === 0);
    this.#stride *= 2;
  }
}
