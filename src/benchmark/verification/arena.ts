import type { Worst } from './samples.ts';
import { poison } from './kernelRunner.ts';

/** vec4s of poison before each part, which detect stray reads and writes. */
const gapVec4s = 5;

/** The contents of a buffer with several matrices at known offsets. */
export class Arena {
  readonly #words: number[] = [];
  readonly #parts = new Map<number, number>();

  /**
   * @param values whole vec4s of float32, or a number of poisoned elements
   * @returns offset of the part in vec4s
   */
  add(values: Float32Array | { readonly poisoned: number }): number {
    this.#pad(4 * gapVec4s);
    const at = this.#words.length / 4;
    if (values instanceof Float32Array) {
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
      for (const word of words) this.#words.push(word);
    } else {
      this.#pad(values.poisoned);
    }
    this.#parts.set(at, this.#words.length - 4 * at);
    return at;
  }

  get contents(): Uint32Array<ArrayBuffer> {
    return Uint32Array.from(this.#words);
  }

  /** Length so far, in vec4s. */
  get length(): number {
    return this.#words.length / 4;
  }

  /** The part at vec4 `at` of the buffer after the kernel. */
  part(found: Uint32Array, at: number): Float32Array {
    const length = this.#parts.get(at)!;
    return new Float32Array(found.buffer, found.byteOffset + 16 * at, length);
  }

  /** Notes words that the kernel changed outside the parts `written`. */
  noteUntouched(found: Uint32Array, written: readonly number[], worst: Worst): void {
    const mayChange = new Uint8Array(found.length);
    for (const at of written) mayChange.fill(1, 4 * at, 4 * at + this.#parts.get(at)!);
    found.forEach((word, i) => {
      if (mayChange[i] === 0) worst.note(word, this.#words[i]!, 0);
    });
  }

  #pad(count: number): void {
    for (let i = 0; i < count; i++) this.#words.push(poison);
  }
}
