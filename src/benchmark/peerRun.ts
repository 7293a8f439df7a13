/**
 * Runs another library on one workload, timed like nudge's own backends. It starts from the same parameters and takes the
 * same samples: whole mini-batches in the order of the file. A library with a different first cost is refused.
 */
import { sliceDataset, type Dataset } from '../data/dataset.ts';
import { ConfigurationError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import { sgd } from '../engine/optimizers.ts';
import { Trainer } from '../training/trainer.ts';
import type { Contender, Learner } from './peers/contender.ts';
import { Repeats, type Stretch } from './repeats.ts';
import type { PeerName } from './result/backends.ts';
import { networkOf, type BlockSeries } from './backendRun.ts';
import type { Workload } from './workloads.ts';

/** Loads a library and starts its backend. */
export type LoadPeer = (name: PeerName) => Promise<Contender>;

/** Maximum training samples, since peers keep them as float32 on the device. */
const maxSamples = 12_000;
/**
 * Relative tolerance for a cost. Float32 rounding stays below a hundredth of it, and a wrong network differs by much more.
 */
const costTolerance = 1e-3;
/** Longer steps would make the run take hours. */
const maxStepSeconds = 4;

export interface PeerRunOptions {
  readonly workload: Workload;
  readonly backend: PeerName;
  readonly training: Dataset;
  readonly seed: number;
  readonly repeatSeconds: number;
  /** Steps of a repeat, if an earlier block has determined them. */
  readonly steps: number | undefined;
  readonly load: LoadPeer;
  readonly signal: AbortSignal | undefined;
}

export class PeerRun {
  readonly backend: PeerName;
  readonly #options: PeerRunOptions;
  readonly #learner: Learner;
  readonly repeats: Repeats;
  readonly #createSeconds: number;
  #finalCost = NaN;
  #form: string | undefined;

  private constructor(options: PeerRunOptions, learner: Learner, createSeconds: number) {
    this.backend = options.backend;
    this.#options = options;
    this.#learner = learner;
    this.#createSeconds = createSeconds;
    this.repeats = new Repeats((steps) => this.#train(steps), options.repeatSeconds, options.steps);
  }

  /** @throws {ConfigurationError} if the library does not start or computes a wrong cost */
  static async create(options: PeerRunOptions): Promise<PeerRun> {
    const { workload, backend, seed, load } = options;
    const { batchSize, learningRate } = workload;
    const network = networkOf(workload, seed);
    const count = Math.min(options.training.sampleCount, Math.max(maxSamples, batchSize));
    const training = sliceDataset(options.training, 0, count - (count % batchSize));
    const start = performance.now();
    let learner: Learner;
    try {
      const peer = await load(backend);
      learner = await peer.learn({ network, training, batchSize, learningRate });
    } catch (error) {
      throw new ConfigurationError(`${backend} does not start: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const run = new PeerRun(options, learner, (performance.now() - start) / 1000);
    try {
      await run.#check(network, sliceDataset(training, 0, Math.min(count, 2 * batchSize)));
      run.#form = await learner.form?.();
      return run;
    } catch (error) {
      await run.dispose();
      throw error;
    }
  }

  /** @throws {ConfigurationError} if a step takes too long */
  async warmUp(): Promise<void> {
    const { seconds } = await this.#train(1);
    if (seconds > maxStepSeconds) {
      throw new ConfigurationError(
        `A step of ${this.backend} takes ${seconds.toFixed(0)} s; the maximum is ${maxStepSeconds} s. ${this.backend} is left out here.`,
      );
    }
    await this.repeats.warmUp();
  }

  result(): BlockSeries {
    return {
      backend: this.backend,
      ...(this.#form && { plan: this.#form }),
      compileSeconds: this.#createSeconds,
      uploadSeconds: 0,
      warmUp: { seconds: this.repeats.warmUpSeconds, isSteady: this.repeats.isSteady },
      stepsPerRepeat: this.repeats.stepsPerRepeat,
      rates: [...this.repeats.rates],
      finalCost: this.#finalCost,
      curve: [],
    };
  }

  async dispose(): Promise<void> {
    await this.#learner.dispose();
  }

  /**
   * Compares the costs of two steps with nudge's on the CPU. The first step checks the forward pass and the cost. The second
   * step follows an update, so it checks the gradient.
   */
  async #check(network: Network, training: Dataset): Promise<void> {
    const { batchSize, learningRate } = this.#options.workload;
    const optimizer = sgd({ learningRate });
    const options = { backend: 'cpu', threads: 1, batchSize, optimizer, shuffle: false } as const;
    const trainer = await Trainer.create(network, options);
    try {
      for await (const { cost, step } of trainer.fit(training, { steps: 2, reportEvery: 1 })) {
        const found = await this.#step(1);
        if (Math.abs(found - cost) <= costTolerance * cost) continue;
        throw new ConfigurationError(
          `${this.backend} has a cost of ${found} in step ${step}; nudge has ${cost}. A library with wrong results is not timed.`,
        );
      }
    } finally {
      await trainer.dispose();
    }
  }

  async #train(steps: number): Promise<Stretch> {
    this.#options.signal?.throwIfAborted();
    const start = performance.now();
    this.#finalCost = await this.#step(steps);
    const seconds = this.#learner.seconds?.() ?? (performance.now() - start) / 1000;
    if (!Number.isFinite(this.#finalCost)) {
      throw new ConfigurationError(
        `${this.backend} reached a cost of ${this.#finalCost}. A library with wrong results is not timed.`,
      );
    }
    return { samples: steps * this.#options.workload.batchSize, seconds };
  }

  /** An error in another library must not end the run, so it becomes a ConfigurationError. */
  async #step(steps: number): Promise<number> {
    try {
      return await this.#learner.train(steps);
    } catch (cause) {
      throw new ConfigurationError(`${this.backend} fails: ${(cause as Error).message}`, { cause });
    }
  }
}
