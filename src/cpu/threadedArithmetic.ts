/** Float32 arithmetic in WebAssembly, in other threads. They make many steps per command, while this thread is free. */
import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions, EngineState } from '../engine/engine.ts';
import type { EpochPart, MadeSteps, PassResult, RunningArithmetic } from '../engine/hostEngine.ts';
import type { Pass } from '../engine/pass.ts';
import type { Command } from './control.ts';
import { maxSteps, type KernelMemory } from './memory.ts';
import { updateScalarsAt } from './updateScalars.ts';
import type { Team } from './team.ts';
import {
  chooseFastest,
  timerResolution,
  type Choice,
  type MedianInterval,
} from './threadChoice.ts';

/** Target duration of a command: short, so that aborts are quick, but long compared with sending a message. */
const targetMs = 20;
/** Bytes of a streamed training set that are in memory at a time, unless a mini-batch is larger. */
const windowBytes = 2 ** 26;
/** Milliseconds of all trials together, if steps are short. */
const budgetMs = 250;
/** Milliseconds of warm-up before the trials, because the runtime optimizes code while it runs. */
const warmUpMs = 50;
/** Maximum number of warm-up trials for each number of threads. */
const maxWarmUps = 20;
/** Milliseconds of one trial; longer if the timer is coarse. */
const trialMs = 8;
/** If a step on one thread takes longer than this, trials use only a part of a mini-batch. */
const longStepMs = 40;
/** A choice of fewer threads than possible is rechecked after this time. The interval then grows by the factor. */
const firstRecheckMs = 1_000;
const recheckFactor = 4;

/** Minimum number of samples that justify a slice. */
export const minSamples = 24;

/** How many threads share a step, and why. */
export interface ThreadChoice {
  readonly threads: number;
  /** The time of each number of threads divided by that of the chosen one. */
  readonly times: readonly (MedianInterval & { readonly threads: number })[];
  /** Number of rounds of trials. */
  readonly rounds: number;
}

export class ThreadedArithmetic implements RunningArithmetic {
  readonly chunkSize: number;
  readonly #options: EngineOptions;
  readonly #memory: KernelMemory;
  readonly #team: Pick<Team, 'work' | 'requireWhole' | 'disband'>;
  /** Number of slices that a step is divided into. The threads share them. */
  readonly #slices: number;
  readonly #isStreamed: (training: Dataset) => boolean;
  /** Candidates for the number of threads, the largest first, because ties go to more threads. */
  readonly #candidates: readonly number[];
  #threads: number;
  #choice: ThreadChoice | undefined;
  /** During a recheck: the number of threads for the next steps, and a callback for their time. */
  #asked: { readonly threads: number; readonly answer: (ms: number) => void } | undefined;
  #recheckMs = firstRecheckMs;
  #recheckAt = Infinity;
  /** The streamed training set, and the number of samples in memory at a time. */
  #stream: { readonly training: Dataset; readonly samples: number } | undefined;
  #order: Uint32Array | undefined;
  #stepMs = Infinity;

  /**
   * @param memory memory with one slice per thread of the team
   * @param isGiven whether to use all threads; if false, trials choose the number
   * @param isStreamed whether to copy a training set in pieces, as needed
   */
  constructor(
    options: EngineOptions,
    memory: KernelMemory,
    team: Pick<Team, 'work' | 'requireWhole' | 'disband'>,
    isGiven: boolean,
    isStreamed: (training: Dataset) => boolean,
  ) {
    this.#options = options;
    this.#isStreamed = isStreamed;
    this.#memory = memory;
    this.#team = team;
    this.#slices = memory.slices.length;
    this.#threads = this.#slices;
    this.#candidates = isGiven ? [this.#slices] : halvings(this.#slices);
    this.chunkSize = memory.rows * this.#slices;
  }

  /** The number of threads that make the steps; known once a training set is loaded. */
  get threads(): number {
    return this.#threads;
  }

  /** How the number of threads was chosen; undefined if there was only one candidate. */
  get choice(): ThreadChoice | undefined {
    return this.#choice;
  }

  async load(training: Dataset): Promise<void> {
    this.#order = undefined;
    this.#stream = undefined;
    if (this.#isStreamed(training)) {
      const { batchSize } = this.#options;
      const steps = Math.max(1, Math.floor(windowBytes / training.featureCount / batchSize));
      const samples = Math.min(training.sampleCount, steps * batchSize);
      this.#memory.reserve(training, samples);
      this.#stream = { training, samples };
    } else {
      this.#memory.load(training);
    }
    // The choice does not depend on the data. Trials must precede the first step, because they reset the parameters.
    if (this.#candidates.length > 1 && !this.#choice) await this.#chooseThreads(training);
  }

  async infer(dataset: Dataset, samples: Uint32Array): Promise<PassResult> {
    const { rows } = this.#memory;
    const counts = await this.#passes(dataset, samples, false);
    const { length } = samples;
    const size = this.#options.network.layers.at(-1)!;
    const outputs = new Float32Array(length * size);
    const costs = new Float64Array(length);
    const predictions = new Uint32Array(length);
    counts.forEach((count, t) => {
      const said = this.#memory.result(t, count);
      outputs.set(said.outputs, t * rows * size);
      costs.set(said.costs, t * rows);
      predictions.set(said.predictions, t * rows);
      this.#memory.takeSums(t);
    });
    return { outputs, costs, predictions };
  }

  async explain(dataset: Dataset, samples: Uint32Array): Promise<Pass> {
    return this.#memory.takePass(await this.#passes(dataset, samples, true));
  }

  async makeSteps(
    { order, at, steps }: EpochPart,
    signal: AbortSignal | undefined,
  ): Promise<MadeSteps> {
    const { batchSize, optimizer } = this.#options;
    const { step, stepOfEpoch: firstStep } = at;
    const fits = Math.ceil((this.#stream?.samples ?? order.length) / batchSize);
    const asked = Math.min(steps, maxSteps, fits, Math.max(1, Math.floor(targetMs / this.#stepMs)));
    const taken = order.subarray(firstStep * batchSize, (firstStep + asked) * batchSize);
    if (this.#stream) this.#memory.stream(this.#stream.training, taken);
    else this.#setOrder(order);
    for (let s = 0; s < asked; s++) {
      const start = (firstStep + s) * batchSize;
      const size = Math.min(batchSize, order.length - start);
      this.#memory.writeUpdateScalars(s, updateScalarsAt(optimizer, 1 / size, step + s));
    }
    const { control } = this.#memory;
    const stop = () => control.stop();
    signal?.addEventListener('abort', stop);
    const begin = performance.now();
    if (begin >= this.#recheckAt) this.#recheck();
    const trial = this.#asked;
    try {
      await this.#run({
        threads: trial?.threads ?? this.#threads,
        // The batch size is limited to the sample count, because the kernels count in 32 bits.
        batchSize: Math.min(batchSize, order.length),
        firstStep: this.#stream ? 0 : firstStep,
        steps: asked,
      });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    const { made, isFinite } = control.answer;
    if (made === asked) {
      const stepMs = (performance.now() - begin) / made;
      trial?.answer(stepMs);
      if (!trial) this.#stepMs = stepMs;
    }
    const samples = Math.min(order.length, (firstStep + made) * batchSize) - firstStep * batchSize;
    return {
      samples,
      steps: Array.from({ length: made }, (_, s) => this.#memory.stepSums(s)),
      ...(!isFinite && { nonFiniteLayer: this.#memory.lastNonFinite() }),
    };
  }

  readParameters(): Float32Array<ArrayBuffer> {
    // A lost thread may have left a step half done, so the parameters would be inconsistent.
    this.#team.requireWhole();
    return this.#memory.readParameters();
  }

  readMoments(): Float32Array[] {
    this.#team.requireWhole();
    return this.#memory.readMoments();
  }

  writeState(state: EngineState): void {
    this.#memory.writeState(state);
  }

  dispose(): void {
    this.#team.disband();
  }

  /**
   * Runs the network on samples, as many in each slice as fit.
   * @returns the number of samples in each slice
   */
  async #passes(dataset: Dataset, samples: Uint32Array, isTraining: boolean): Promise<number[]> {
    const { rows } = this.#memory;
    const parts = Array.from({ length: Math.ceil(samples.length / rows) }, (_, t) =>
      samples.subarray(t * rows, (t + 1) * rows),
    );
    parts.forEach((part, t) => this.#memory.select(t, dataset, part));
    await this.#team.work(parts.length, (t) => {
      const { context, samples: at } = this.#memory.slices[t]!;
      return { call: 'pass', arguments: [context, at, parts[t]!.length, isTraining, false] };
    });
    // The next steps must point at the training set again.
    this.#order = undefined;
    return parts.map(({ length }) => length);
  }

  /** Makes steps of the epoch whose order is set. */
  async #run(command: Command): Promise<void> {
    const { control } = this.#memory;
    control.ask(command);
    await this.#team.work(command.threads, (t) => ({ call: 'train', arguments: [control.at, t] }));
  }

  #setOrder(order: Uint32Array): void {
    if (order === this.#order) return;
    this.#memory.setOrder(order);
    this.#order = order;
  }

  /**
   * Finds the fastest number of threads by trial. More threads are slower if they exceed the physical cores, or if
   * steps are so short that threads mostly wait for each other. The bits do not depend on the result. Trials make whole
   * steps with a learning rate of 0, so that none diverges. They are undone at the end.
   */
  async #chooseThreads({ sampleCount }: Dataset): Promise<void> {
    const { batchSize } = this.#options;
    const memory = this.#memory;
    const state = { parameters: memory.readParameters(), moments: memory.readMoments() };
    const optimizer = { ...this.#options.optimizer, learningRate: 0 };
    const samples = this.#stream?.samples ?? sampleCount;
    // The order is scattered over the data, like in training.
    const order = Uint32Array.from({ length: samples }, (_, n) => (n * 7919) % samples);
    if (this.#stream) this.#memory.stream(this.#stream.training, order);
    else this.#setOrder(order);
    const stepMs = new Map<number, number>();
    let size = Math.min(batchSize, samples, minSamples * this.#slices);
    /** Makes steps for about `ms` milliseconds. @returns milliseconds per step */
    const time = async (threads: number, ms: number): Promise<number> => {
      const wanted = Math.floor(ms / (stepMs.get(threads) ?? ms));
      const steps = Math.max(1, Math.min(wanted, maxSteps, Math.floor(samples / size)));
      for (let s = 0; s < steps; s++)
        this.#memory.writeUpdateScalars(s, updateScalarsAt(optimizer, 1 / size, s));
      const begin = performance.now();
      await this.#run({ threads, batchSize: size, firstStep: 0, steps });
      // The threads stop early if a gradient is not finite, so the number of steps made may be lower.
      const each = (performance.now() - begin) / this.#memory.control.answer.made;
      stepMs.set(threads, each);
      return each;
    };
    const begin = performance.now();
    for (let turn = 0; turn < maxWarmUps; turn++) {
      for (const threads of this.#candidates) await time(threads, trialMs);
      if (performance.now() - begin >= warmUpMs) break;
    }
    const max = Math.floor((size * longStepMs) / stepMs.get(1)!);
    if (max > size) {
      const larger = Math.min(batchSize, samples, max);
      for (const [threads, ms] of stepMs) stepMs.set(threads, (ms * larger) / size);
      size = larger;
    }
    const eachMs = Math.max(trialMs, 10 * timerResolution());
    this.#choose(
      await chooseFastest(
        this.#candidates.map((threads) => () => time(threads, eachMs)),
        { budgetMs },
      ),
    );
    this.#stepMs = (stepMs.get(this.#threads)! * batchSize) / size;
    memory.reset();
    memory.writeState(state);
    this.#order = undefined;
  }

  /**
   * Chooses again, using real training steps as trials. A machine that is briefly busy makes larger numbers of threads
   * look slow, so only a choice of fewer threads is rechecked. The intervals grow, so that rechecks cost little time.
   */
  #recheck(): void {
    this.#recheckAt = Infinity;
    const candidates = this.#candidates.map(
      (threads) => () =>
        new Promise<number>((resolve) => {
          this.#asked = { threads, answer: resolve };
        }),
    );
    void chooseFastest(candidates, { budgetMs }).then((choice) => {
      this.#asked = undefined;
      this.#choose(choice);
    });
  }

  #choose({ chosen, ratios, rounds }: Choice): void {
    this.#threads = this.#candidates[chosen]!;
    const times = this.#candidates.map((threads, c) => ({ threads, ...ratios[c]! }));
    this.#choice = { threads: this.#threads, times, rounds };
    this.#recheckAt = chosen === 0 ? Infinity : performance.now() + this.#recheckMs;
    this.#recheckMs *= recheckFactor;
  }
}

/** Halves down to 1, such as 8, 4, 2, 1. @param max a power of two */
function halvings(max: number): number[] {
  return Array.from({ length: Math.log2(max) + 1 }, (_, n) => max / 2 ** n);
}
