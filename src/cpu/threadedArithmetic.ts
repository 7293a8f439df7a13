/** Float32 in WebAssembly, in threads of their own: many steps at a time, while this thread is free. */
import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { EpochPart, MadeSteps, PassResult, RunningArithmetic } from '../engine/hostEngine.ts';
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

/** What steps are asked for at a time take: little for who waits for an abort, much beside a message. */
const targetMs = 20;
/** Bytes of a training set that is streamed which are in memory at a time, unless a mini-batch is larger. */
const windowBytes = 2 ** 26;
/** Milliseconds of all trials together, where steps are short. */
const budgetMs = 250;
/** Milliseconds of trials before those that count: code is compiled and optimized while it runs. */
const warmUpMs = 50;
/** Of each number of threads. */
const maxWarmUps = 20;
/** Milliseconds of one trial, unless the timer is too coarse for it. */
const trialMs = 8;
/** Milliseconds of a step on one thread above which trials take a part of a mini-batch only. */
const longStepMs = 40;
/** Milliseconds after which a choice of fewer threads than there are is made anew, and the factor to the time after that. */
const firstRecheckMs = 1_000;
const recheckFactor = 4;

/** How few samples are worth a slice of a step. */
export const minSamples = 24;

/** How many threads share a step, and why. */
export interface ThreadChoice {
  readonly threads: number;
  /** How many times as long each number of threads took as the chosen one. */
  readonly times: readonly (MedianInterval & { readonly threads: number })[];
  /** Rounds in which all of them were tried. */
  readonly rounds: number;
}

export class ThreadedArithmetic implements RunningArithmetic {
  readonly chunkSize: number;
  readonly #options: EngineOptions;
  readonly #memory: KernelMemory;
  readonly #team: Pick<Team, 'work' | 'requireWhole' | 'disband'>;
  /** Parts that a step is cut into, which the threads share. */
  readonly #slices: number;
  readonly #isStreamed: (training: Dataset) => boolean;
  /** Numbers of threads to choose from, the largest first; ties go to more threads. */
  readonly #candidates: readonly number[];
  #threads: number;
  #choice: ThreadChoice | undefined;
  /** The number of threads to make the next steps with while a choice is made anew, and who waits for their time. */
  #asked: { readonly threads: number; readonly answer: (ms: number) => void } | undefined;
  #recheckMs = firstRecheckMs;
  #recheckAt = Infinity;
  /** What is streamed, and how many samples at a time. */
  #stream: { readonly training: Dataset; readonly samples: number } | undefined;
  #order: Uint32Array | undefined;
  #stepMs = Infinity;

  /**
   * @param memory of as many slices as the team has threads
   * @param isGiven whether all threads are to be used; if not, trials tell how many
   * @param isStreamed whether a training set is taken in piece by piece, as it is needed
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

  /** How many threads steps are made by; known once a training set is loaded. */
  get threads(): number {
    return this.#threads;
  }

  /** Undefined where there was nothing to choose. */
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
    // The choice does not depend on the data, and trials are possible before the first step only.
    if (this.#candidates.length > 1 && !this.#choice) await this.#chooseThreads(training);
  }

  async infer(dataset: Dataset, samples: Uint32Array): Promise<PassResult> {
    const { rows } = this.#memory;
    const parts = Array.from({ length: Math.ceil(samples.length / rows) }, (_, t) =>
      samples.subarray(t * rows, (t + 1) * rows),
    );
    parts.forEach((part, t) => this.#memory.select(t, dataset, part));
    await this.#team.work(parts.length, (t) => {
      const { context, samples: at } = this.#memory.slices[t]!;
      return { call: 'pass', arguments: [context, at, parts[t]!.length, false, false] };
    });
    // Steps that follow read the training set again.
    this.#order = undefined;
    const { length } = samples;
    const size = this.#options.network.layers.at(-1)!;
    const outputs = new Float32Array(length * size);
    const costs = new Float64Array(length);
    const predictions = new Uint32Array(length);
    parts.forEach((part, t) => {
      const said = this.#memory.result(t, part.length);
      outputs.set(said.outputs, t * rows * size);
      costs.set(said.costs, t * rows);
      predictions.set(said.predictions, t * rows);
      this.#memory.takeSums(t);
    });
    return { outputs, costs, predictions };
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
        // No more than there are: the kernels count in 32 bits.
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
    // A step that a lost thread has left half done is no state of the network.
    this.#team.requireWhole();
    return this.#memory.readParameters();
  }

  dispose(): void {
    this.#team.disband();
  }

  /** Steps of the epoch whose order is set. */
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
   * Finds the number of threads by trial: beyond the number of real cores, or where steps are so short that threads
   * mostly wait for each other, more threads are slower. The bits are the same whatever the trials say. They make whole
   * steps, with a learning rate of 0 so that none diverges, which are undone in the end.
   */
  async #chooseThreads({ sampleCount }: Dataset): Promise<void> {
    const { batchSize } = this.#options;
    const optimizer = { ...this.#options.optimizer, learningRate: 0 };
    const samples = this.#stream?.samples ?? sampleCount;
    // Scattered over the data, as in training.
    const order = Uint32Array.from({ length: samples }, (_, n) => (n * 7919) % samples);
    if (this.#stream) this.#memory.stream(this.#stream.training, order);
    else this.#setOrder(order);
    const stepMs = new Map<number, number>();
    let size = Math.min(batchSize, samples, minSamples * this.#slices);
    /** Makes steps for about so long. @returns milliseconds a step */
    const time = async (threads: number, ms: number): Promise<number> => {
      const wanted = Math.floor(ms / (stepMs.get(threads) ?? ms));
      const steps = Math.max(1, Math.min(wanted, maxSteps, Math.floor(samples / size)));
      for (let s = 0; s < steps; s++)
        this.#memory.writeUpdateScalars(s, updateScalarsAt(optimizer, 1 / size, s));
      const begin = performance.now();
      await this.#run({ threads, batchSize: size, firstStep: 0, steps });
      // Fewer steps were made where a gradient was not finite.
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
    this.#memory.reset();
    this.#order = undefined;
  }

  /**
   * Chooses again, by the steps that training makes anyway. A machine that is busy for a moment makes more threads look
   * slow, and not fewer, so only a choice of fewer is doubted. Later trials are further apart, to take little of the time.
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

/** 8, 4, 2, 1. @param max a power of two */
function halvings(max: number): number[] {
  return Array.from({ length: Math.log2(max) + 1 }, (_, n) => max / 2 ** n);
}
