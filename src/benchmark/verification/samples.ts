/** Made-up data for checks: random numbers, or integers so small that every sum of them is exact in float32. */
import { Random } from '../../network/random.ts';

/**
 * `random` results are held to a bound. `integers` are held to equality, bit for bit: whatever the order of a sum
 * of integers below 2²⁴, nothing is rounded.
 */
export type DataKind = 'random' | 'integers';

/** Draws the operands of one check. */
export class Samples {
  readonly #random: Random;
  readonly #kind: DataKind;

  constructor(seed: number, kind: DataKind) {
    this.#random = new Random(seed, 0x7e57);
    this.#kind = kind;
  }

  /** Values around 0, each sign as likely: normal, or integers from −4 to 4. */
  signed(count: number): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () =>
      this.#kind === 'integers' ? this.#random.integer(9) - 4 : this.#random.normal(),
    );
  }

  /** Values that a sigmoid might give: from 0 to 1, or 0 and 1 alone. */
  activations(count: number): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () =>
      this.#kind === 'integers' ? this.#random.integer(2) : this.#random.uniform(),
    );
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.#random.integer(256));
  }

  /** `count` integers from 0 up to, not including, `bound`. */
  integers(count: number, bound: number): Uint32Array<ArrayBuffer> {
    return Uint32Array.from({ length: count }, () => this.#random.integer(bound));
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)]!;
  }

  /** `count` of `choices`, none twice, in their order; each such selection is as likely. */
  some<T>(choices: readonly T[], count: number): T[] {
    // Selection sampling, Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S.
    let wanted = count;
    return choices.filter((_, i) => {
      const isTaken = this.#random.integer(choices.length - i) < wanted;
      if (isTaken) wanted--;
      return isTaken;
    });
  }
}

/** The worst error of a check as a share of its bound: at most 1 when the check holds. */
export class Worst {
  share = 0;

  /** Takes note of one element. Where the bound is 0 it must be equal. */
  note(found: number, expected: number, bound: number): void {
    const error = Math.abs(found - expected);
    // A NaN found, which is what poison is, compares as false and so lands here too.
    const share = error === 0 ? 0 : error <= Infinity && bound > 0 ? error / bound : Infinity;
    this.share = Math.max(this.share, share);
  }
}
