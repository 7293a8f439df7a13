/** What threads are asked for, and where they meet: the host's side of `Control` in `assembly/threads.ts`. */

/** Words of `Control` in `assembly/threads.ts`. */
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
/** Of the structure. */
export const controlBytes = 27 * 4;

/** Some of the words; the structure says what they mean. */
type Words = Partial<Readonly<Record<keyof typeof controlWord, number>>>;

/** Steps to be made. */
export interface Command {
  readonly threads: number;
  readonly batchSize: number;
  /** Of the epoch whose order is set. */
  readonly firstStep: number;
  readonly steps: number;
}

export class Control {
  /** Its address. */
  readonly at: number;
  readonly #memory: WebAssembly.Memory;

  /**
   * @param fields those that do not change while an engine lives
   * @param clipNorm 0 where gradients are not clipped
   */
  constructor(memory: WebAssembly.Memory, at: number, fields: Words, clipNorm: number) {
    this.#memory = memory;
    this.at = at;
    this.#write(fields);
    new Float32Array(memory.buffer)[at / 4 + controlWord.clipNorm] = clipNorm;
  }

  /** Names where the samples of an epoch stand in their order. */
  setOrder(order: number, sampleCount: number): void {
    this.#write({ order, sampleCount });
  }

  ask(command: Command): void {
    this.#write({ ...command, isStopped: 0, isCut: 0, made: 0, isFinite: 1 });
  }

  /** Ends the step that is under way, unmade; nothing happens where none is. */
  stop(): void {
    Atomics.store(this.#words, controlWord.isStopped, 1);
  }

  /** What became of the steps that were asked for. */
  get answer(): { readonly made: number; readonly isFinite: boolean } {
    const words = this.#words;
    return { made: words[controlWord.made]!, isFinite: words[controlWord.isFinite] !== 0 };
  }

  /** Grows while any thread does anything. */
  get passes(): number {
    return Atomics.load(this.#words, controlWord.passes);
  }

  #write(fields: Words): void {
    const words = this.#words;
    for (const [name, value] of Object.entries(fields)) {
      words[controlWord[name as keyof typeof controlWord]] = value;
    }
  }

  /** Made anew, because memory that grows leaves its views behind. */
  get #words(): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.at, controlBytes / 4);
  }
}
