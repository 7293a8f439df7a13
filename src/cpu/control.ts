/** Commands for the threads, and their barrier: the host's side of `Control` in `assembly/threads.ts`. */

/** Word offsets in `Control` of `assembly/threads.ts`. */
const controlWord = {
  threads: 0,
  slices: 1,
  arrived: 2,
  phase: 3,
  sleepers: 4,
  passes: 5,
  contexts: 6,
  contextDistance: 7,
  rows: 8,
  parameters: 9,
  gradient: 10,
  firstMoment: 11,
  secondMoment: 12,
  bytes: 13,
  updateScalars: 14,
  clipNorm: 15,
  squares: 16,
  sums: 17,
  order: 18,
  sampleCount: 19,
  batchSize: 20,
  firstStep: 21,
  steps: 22,
  isStopped: 23,
  isCut: 24,
  made: 25,
  isFinite: 26,
} as const;
/** Size of the structure. */
export const controlBytes = 27 * 4;

/** Values for some of the words. `Control` in `assembly/threads.ts` documents them. */
type Words = Partial<Readonly<Record<keyof typeof controlWord, number>>>;

/** Steps that the threads should make. */
export interface Command {
  readonly threads: number;
  readonly batchSize: number;
  /** Step of the epoch whose order is set, counting from 0. */
  readonly firstStep: number;
  readonly steps: number;
}

export class Control {
  /** Address of the structure. */
  readonly at: number;
  readonly #memory: WebAssembly.Memory;

  /**
   * @param fields words that stay constant while the engine lives
   * @param clipNorm 0 disables clipping
   */
  constructor(memory: WebAssembly.Memory, at: number, fields: Words, clipNorm: number) {
    this.#memory = memory;
    this.at = at;
    this.#write(fields);
    new Float32Array(memory.buffer)[at / 4 + controlWord.clipNorm] = clipNorm;
  }

  /** Sets the address and length of an epoch's order. */
  setOrder(order: number, sampleCount: number): void {
    this.#write({ order, sampleCount });
  }

  ask(command: Command): void {
    this.#write({ ...command, isStopped: 0, isCut: 0, made: 0, isFinite: 1 });
  }

  /** Cancels the current step, which then changes nothing. Does nothing if no step is running. */
  stop(): void {
    Atomics.store(this.#words, controlWord.isStopped, 1);
  }

  /** Result of the last command. */
  get answer(): { readonly made: number; readonly isFinite: boolean } {
    const words = this.#words;
    return { made: words[controlWord.made]!, isFinite: words[controlWord.isFinite] !== 0 };
  }

  /** A counter that grows while any thread makes progress. */
  get passes(): number {
    return Atomics.load(this.#words, controlWord.passes);
  }

  #write(fields: Words): void {
    const words = this.#words;
    for (const [name, value] of Object.entries(fields)) {
      words[controlWord[name as keyof typeof controlWord]] = value;
    }
  }

  /** A new view each time, because growing the memory detaches old views. */
  get #words(): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.at, controlBytes / 4);
  }
}
