/**
 * The only source of randomness: Philox4x32-10, a counter-based generator.
 *
 * A counter-based generator has no hidden state: the n-th number is a pure function of (seed, stream, n). Any part of a
 * sequence can be computed anywhere, in any order, with the same bits. See Salmon, Moraes, Dror and Shaw, "Parallel
 * random numbers: as easy as 1, 2, 3", SC'11.
 *
 * All functions use only operations that IEEE 754 rounds exactly (+ − × ÷ √ and integers). `Math.log` and `Math.cos`
 * may differ in the last bit between JavaScript engines, so one seed would give different networks in different
 * browsers.
 */

/** Each use of a seed has its own stream of numbers. Stream numbers are never reused for another purpose. */
export const streams = {
  initialization: 1,
  shuffling: 2,
  digits: 3,
  // 4 was used by the benchmark's bootstrap, which no longer exists.
  benchmark: 5,
  lesson: 6,
} as const;

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;

/** The high 32 bits of the product of two unsigned 32-bit integers. A double cannot hold all 64 bits of it. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Each value fits into 32 bits, so JavaScript engines use integer arithmetic.
  const low = Math.imul(aLow, bLow);
  const middle = (Math.imul(aHigh, bLow) + (low >>> 16)) >>> 0;
  const carry = (Math.imul(aLow, bHigh) + (middle & 0xffff)) >>> 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/**
 * Philox4x32-10: four random words from a four-word counter and a two-word key.
 * @param out receives the four unsigned 32-bit words
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(multiplierA, c0);
    const lowA = Math.imul(multiplierA, c0) >>> 0;
    const highB = multiplyHigh(multiplierB, c2);
    const lowB = Math.imul(multiplierB, c2) >>> 0;
    c0 = (highB ^ c1 ^ k0) >>> 0;
    c1 = lowB;
    c2 = (highA ^ c3 ^ k1) >>> 0;
    c3 = lowA;
    k0 = (k0 + weylA) >>> 0;
    k1 = (k1 + weylB) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/**
 * A sequence of random numbers: the key is (seed, stream), the counter (n, index).
 *
 * @example
 * const random = new Random(1, streams.shuffling, epoch);
 * random.integer(10); // 0…9
 */
export class Random {
  readonly #key: readonly [number, number];
  readonly #indexLow: number;
  readonly #indexHigh: number;
  readonly #block = new Uint32Array(4);
  #next = 0;

  /**
   * @param seed any integer from 0 to 2³² − 1
   * @param stream the purpose of the numbers, one of {@link streams}
   * @param index the sequence within the stream: an epoch, a layer or a sample
   */
  constructor(seed: number, stream: number, index = 0) {
    this.#key = [seed >>> 0, stream >>> 0];
    this.#indexLow = index >>> 0;
    this.#indexHigh = Math.floor(index / 2 ** 32) >>> 0;
  }

  /** The next unsigned 32-bit integer. */
  uint32(): number {
    const lane = this.#next & 3;
    if (lane === 0) {
      const block = this.#next / 4;
      philox(
        [block >>> 0, Math.floor(block / 2 ** 32), this.#indexLow, this.#indexHigh],
        this.#key,
        this.#block,
      );
    }
    this.#next++;
    return this.#block[lane]!;
  }

  /** Uniform in the open interval (0, 1), on a grid of 2⁻³². */
  uniform(): number {
    return (this.uint32() + 0.5) * 2 ** -32;
  }

  /** Uniform integer in [0, bound). Draws that would favour small results are rejected, so there is no bias. */
  integer(bound: number): number {
    let word = this.uint32();
    // The limit is above 2³² − bound. Comparing with that first avoids the division for nearly every draw.
    while (word >= 2 ** 32 - bound && word >= 2 ** 32 - (2 ** 32 % bound)) word = this.uint32();
    return word % bound;
  }

  /** Standard normal, mean 0 and variance 1. */
  normal(): number {
    return inverseNormal(this.uniform());
  }
}

/**
 * Natural logarithm of a normal double > 0, from exactly rounded operations only. The relative error is about 1e-15.
 * x = m·2ᵉ with m in [√½, √2); ln m = 2·atanh((m − 1)/(m + 1)) is computed from its series.
 */
function exactLog(x: number): number {
  let m = x;
  let e = 0;
  while (m >= Math.SQRT2) {
    m /= 2;
    e++;
  }
  while (m < Math.SQRT1_2) {
    m *= 2;
    e--;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let sum = 0;
  for (let k = 23; k >= 1; k -= 2) sum = sum * square + 1 / k;
  return e * Math.LN2 + 2 * s * sum;
}

/** The polynomial Σ c[i]·xⁱ. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!;
  return sum;
}

/**
 * Quantile function of the standard normal distribution: Wichura's algorithm AS 241, PPND7
 * (Applied Statistics 37, 1988). The relative error is about 1e-7, the precision of float32.
 * @param p in (0, 1)
 */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * polynomial([3.3871327179, 50.434271938, 159.29113202, 59.10937472], r)) /
      polynomial([1, 17.895169469, 78.757757664, 67.1875636], r)
    );
  }
  const tail = Math.sqrt(-exactLog(q < 0 ? p : 1 - p));
  const value =
    tail <= 5
      ? polynomial([1.4234372777, 2.75681539, 1.3067284816, 0.17023821103], tail - 1.6) /
        polynomial([1, 0.7370016425, 0.12021132975], tail - 1.6)
      : polynomial([6.657905115, 3.081226386, 0.42868294337, 0.017337203997], tail - 5) /
        polynomial([1, 0.24197894225, 0.012258202635], tail - 5);
  return q < 0 ? -value : value;
}
