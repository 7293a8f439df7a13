/**
 * When a backend has become steady. Compilers, caches, clocks and the length of submits all settle in their own time, so
 * that no fixed number of warm-up steps is right everywhere: slices are run until the last few are as fast as the few before.
 */
import { median, quantile } from './statistics.ts';

/** Slices that are held against as many before them. */
const windowSize = 4;
/** Medians that differ by less than this are the same, however quiet the machine. */
const minTolerance = 0.03;
/** Slices, at least, where they are too long for two windows and nothing is known of the backend yet. */
const defaultFewest = 3;

export class WarmUp {
  readonly #rates: number[] = [];
  readonly #maxSeconds: number;
  readonly #minSlices: number;
  #seconds = 0;

  /**
   * @param maxSeconds after which a backend counts as warm though not as steady
   * @param minSlices that are run however long they are
   */
  constructor(maxSeconds: number, minSlices = defaultFewest) {
    this.#maxSeconds = maxSeconds;
    this.#minSlices = minSlices;
  }

  /** @param rate of one slice */
  add(rate: number, seconds: number): void {
    this.#rates.push(rate);
    this.#seconds += seconds;
  }

  get seconds(): number {
    return this.#seconds;
  }

  /**
   * Whether the medians of the last two windows differ by no more than the middle half of their values does, or by 3 %.
   * Where slices are so long that two windows would take more than the time there is: whether the last slice and the one
   * before differ by as little.
   */
  get isSteady(): boolean {
    const rates = this.#rates;
    if (rates.length >= 2 * windowSize) {
      const recent = rates.slice(-2 * windowSize);
      const before = median(recent.slice(0, windowSize));
      const after = median(recent.slice(windowSize));
      const spread = (quantile(recent, 0.75) - quantile(recent, 0.25)) / median(recent);
      return Math.abs(after / before - 1) <= Math.max(minTolerance, spread);
    }
    if (!this.#hasLongSlices || rates.length < defaultFewest) return false;
    return Math.abs(rates.at(-1)! / rates.at(-2)! - 1) <= minTolerance;
  }

  /** Whether measuring may begin. */
  get isOver(): boolean {
    const isLate = this.#seconds >= this.#maxSeconds && this.#rates.length >= this.#minSlices;
    return this.isSteady || isLate;
  }

  get #hasLongSlices(): boolean {
    const slice = this.#seconds / this.#rates.length;
    return 2 * windowSize * slice > this.#maxSeconds;
  }
}
