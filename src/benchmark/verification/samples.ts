/** Random data for checks, or integers so small that every sum is exact in float32. */
import { Random } from '../../network/random.ts';

/** `random` results must be within a bound. `integers` must be exact: sums below 2²⁴ are never rounded. */
export type DataKind = 'random' | 'integers';

export class Samples {
  readonly #random: Random;
  readonly #kind: DataKind;

  constructor(seed: number, kind: DataKind) {
    this.#random = new Random(seed, 0x7e57);
    this.#kind = kind;
  }

  /** Normal values, or integers from −4 to 4. */
  signed(count: number): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () =>
      this.#kind === 'integers' ? this.#random.integer(9) - 4 : this.#random.normal(),
    );
  }

  /** Values from 0 to 1, or 0 and 1 only. */
  activations(count: number): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () =>
      this.#kind === 'integers' ? this.#random.integer(2) : this.#random.uniform(),
    );
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.#random.integer(256));
  }

  /** `count` integers from 0 to `bound` − 1. */
  integers(count: number, bound: number): Uint32Array<ArrayBuffer> {
    return Uint32Array.from({ length: count }, () => this.#random.integer(bound));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)]!;
  }

  /** `count` different `choices` in their order; every selection has the same probability. */
  some<T>(choices: readonly T[], count: number): T[] {
    // Selection sampling: Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S.
    let wanted = count;
    return choices.filter((_, i) => {
      const isTaken = this.#random.integer(choices.length - i) < wanted;
      if (isTaken) wanted--;
      return isTaken;
    });
  }
}

/** The largest error of a check relative to its bound; 1 or less passes. */
export class Worst {
  share = 0;

  /** Adds one element. If the bound is 0, it must be exact. */
  note(found: number, expected: number, bound: number): void {
    const error = Math.abs(found - expected);
    // NaN, which includes poison, fails every comparison and gives Infinity.
    const share = error === 0 ? 0 : error <= Infinity && bound > 0 ? error / bound : Infinity;
    this.share = Math.max(this.share, share);
  }
}
