/**
 * Another library at one workload, timed as nudge's backends are. It starts from the same parameters and takes the same
 * samples, whole mini-batches in the order of the file. A library that starts with another cost is refused.
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

/** Loads a library, and with it starts its backend. */
export type LoadPeer = (name: PeerName) => Promise<Contender>;

/** Samples at most, which peers keep as float32 on the device. */
const maxSamples = 12_000;
/**
 * How far a cost may be from nudge's, as a share of it. Float32 sums in any order stay within a hundredth of that; a wrong
 * network differs by much more.
 */
const costTolerance = 1e-3;
/** Longer steps than this would make the run one of hours. */
const maxStepSeconds = 4;

export interface PeerRunOptions {
  readonly workload: Workload;
  readonly backend: PeerName;
  readonly training: Dataset;
  readonly seed: number;
  readonly repeatSeconds: number;
  /** Of a repeat, where an earlier block has found it. */
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

  /** @throws {ConfigurationError} when the library does not start, is wrong, or is too slow to be waited for */
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

  /** Warms up. @throws {ConfigurationError} where a step takes too long to be waited for */
  async warmUp(): Promise<void> {
    const { seconds } = await this.#train(1);
    if (seconds > maxStepSeconds) {
      throw new ConfigurationError(
        `A step of ${this.backend} takes ${seconds.toFixed(0)} s, and ${maxStepSeconds} s are the most that is waited for. It is left out here.`,
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
   * Compares the costs of two steps with nudge's own on the CPU. The first checks the forward pass and the cost; the second, which
   * follows an update, checks the gradient.
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
          `${this.backend} has a cost of ${found} in step ${step}, and nudge has ${cost}. A library that computes something else is not timed.`,
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
        `${this.backend} came to a cost of ${this.#finalCost}. What computes no numbers is not timed.`,
      );
    }
    return { samples: steps * this.#options.workload.batchSize, seconds };
  }

  /** Whatever goes wrong in another library is no reason for the run to end. */
  async #step(steps: number): Promise<number> {
    try {
      return await this.#learner.train(steps);
    } catch (cause) {
      throw new ConfigurationError(`${this.backend} fails: ${(cause as Error).message}`, { cause });
    }
  }
}
