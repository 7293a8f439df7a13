/** Float32 in WebAssembly, in threads of their own: many steps at a time, while this thread is free. */
import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions } from '../training/engine.ts';
import type {
  EpochPart,
  MadeSteps,
  PassResult,
  RunningArithmetic,
} from '../training/hostEngine.ts';
import type { Wish } from './control.ts';
import { mostSteps, type KernelMemory } from './memory.ts';
import { ratesAt } from './rates.ts';
import type { Team } from './team.ts';

/** What steps are asked for at a time take: little for who waits for an abort, much beside a message. */
const targetMs = 20;
/** Bytes of a training set that is streamed which are in memory at a time, unless a mini-batch is larger. */
const windowBytes = 2 ** 26;
/** Trials are at least this long, and there are so many of each number of threads unless one takes much longer. */
const trialMs = 4;
const longTrialMs = 20;
const trialRounds = 3;
/** More threads have to be this much faster to be worth their while. */
const worthwhile = 1.05;

export class ThreadedArithmetic implements RunningArithmetic {
  readonly chunkSize: number;
  readonly #options: EngineOptions;
  readonly #memory: KernelMemory;
  readonly #team: Team;
  /** Parts that a step is cut into, which the threads share. */
  readonly #slices: number;
  readonly #isStreamed: (training: Dataset) => boolean;
  #threads: number;
  #isChosen: boolean;
  /** What is streamed, and how many samples at a time. */
  #stream: { readonly training: Dataset; readonly samples: number } | undefined;
  #order: Uint32Array | undefined;
  #stepMs = Infinity;

  /**
   * @param memory of as many slices as the team has threads
   * @param isChosen whether all of them are to be used; if not, trials tell how many
   * @param isStreamed whether a training set is taken in piece by piece, as it is needed
   */
  constructor(
    options: EngineOptions,
    memory: KernelMemory,
    team: Team,
    isChosen: boolean,
    isStreamed: (training: Dataset) => boolean,
  ) {
    this.#options = options;
    this.#isStreamed = isStreamed;
    this.#memory = memory;
    this.#team = team;
    this.#slices = memory.slices.length;
    this.#threads = this.#slices;
    this.#isChosen = isChosen;
    this.chunkSize = memory.rows * this.#slices;
  }

  /** How many threads steps are made by; known once a training set is loaded. */
  get threads(): number {
    return this.#threads;
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
    if (!this.#isChosen) await this.#chooseThreads(training);
    this.#isChosen = true;
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
    { order, firstStep, steps, stepsMade }: EpochPart,
    signal: AbortSignal | undefined,
  ): Promise<MadeSteps> {
    const { batchSize, optimizer } = this.#options;
    const fits = Math.ceil((this.#stream?.samples ?? order.length) / batchSize);
    const asked = Math.min(
      steps,
      mostSteps,
      fits,
      Math.max(1, Math.floor(targetMs / this.#stepMs)),
    );
    const taken = order.subarray(firstStep * batchSize, (firstStep + asked) * batchSize);
    if (this.#stream) this.#memory.stream(this.#stream.training, taken);
    else this.#setOrder(order);
    for (let s = 0; s < asked; s++) {
      const start = (firstStep + s) * batchSize;
      const size = Math.min(batchSize, order.length - start);
      this.#memory.writeRates(s, ratesAt(optimizer, 1 / size, stepsMade + s));
    }
    const { control } = this.#memory;
    const stop = () => control.stop();
    signal?.addEventListener('abort', stop);
    const begin = performance.now();
    try {
      await this.#run({
        threads: this.#threads,
        // No more than there are: the kernels count in 32 bits.
        batchSize: Math.min(batchSize, order.length),
        firstStep: this.#stream ? 0 : firstStep,
        steps: asked,
        isTrial: false,
      });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    const { made, isFinite } = control.answer;
    if (made === asked) this.#stepMs = (performance.now() - begin) / made;
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
  async #run(wish: Wish): Promise<void> {
    const { control } = this.#memory;
    control.ask(wish);
    await this.#team.work(wish.threads, (t) => ({ call: 'train', arguments: [control.at, t] }));
  }

  #setOrder(order: Uint32Array): void {
    if (order === this.#order) return;
    this.#memory.setOrder(order);
    this.#order = order;
  }

  /**
   * Tries steps that change nothing, on more and more threads until more are not worth it: beyond the number of real
   * cores, or where steps are so short that threads mostly wait for each other, more are slower. Whatever the trials
   * say, the bits are the same.
   */
  async #chooseThreads({ sampleCount }: Dataset): Promise<void> {
    if (this.#slices === 1) return;
    const { batchSize } = this.#options;
    // A pass of each slice: of a large mini-batch, as much as tells.
    const size = Math.min(batchSize, this.#memory.rows * this.#slices);
    const samples = this.#stream?.samples ?? sampleCount;
    const order = Uint32Array.from({ length: samples }, (_, n) => n);
    if (this.#stream) this.#memory.stream(this.#stream.training, order);
    else this.#setOrder(order);
    const steps = Math.max(1, Math.floor(samples / size));
    // The first calls run code that is yet to be optimized.
    await this.#time(1, size, steps);
    let best = { threads: 1, ms: await this.#time(1, size, steps) };
    for (let threads = 2; threads <= this.#slices; threads *= 2) {
      const ms = await this.#time(threads, size, steps);
      if (ms * worthwhile > best.ms) break;
      best = { threads, ms };
    }
    this.#threads = best.threads;
    this.#stepMs = (best.ms * batchSize) / size;
  }

  /** Milliseconds a step of so many samples, the least of a few trials, since noise only adds. */
  async #time(threads: number, batchSize: number, most: number): Promise<number> {
    let best = Infinity;
    for (let round = 0, steps = 1; round < trialRounds;) {
      const begin = performance.now();
      await this.#run({ threads, batchSize, firstStep: 0, steps, isTrial: true });
      const ms = performance.now() - begin;
      best = Math.min(best, ms / steps);
      if (ms >= longTrialMs) break;
      if (ms >= trialMs || steps === most) round++;
      else steps = Math.min(most, steps * 4);
    }
    return best;
  }
}
