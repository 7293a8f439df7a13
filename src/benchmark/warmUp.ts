/**
 * Decides when a backend is warm. Compilers, caches, clocks and submit lengths need different times to settle, so no fixed
 * number of warm-up steps suits all machines. Slices run until the last few are as fast as the few before.
 */
import { median, quantile } from './statistics.ts';

/** Slices in each of the two windows that are compared. */
const windowSize = 4;
/** Medians that differ by less than this are equal. */
const minTolerance = 0.03;
/** Minimum number of slices if they are too long for two windows. */
const defaultMinSlices = 3;

export class WarmUp {
  readonly #rates: number[] = [];
  readonly #maxSeconds: number;
  readonly #minSlices: number;
  #seconds = 0;

  /**
   * @param maxSeconds the backend then counts as warm, but not as steady
   * @param minSlices minimum number of slices, however long they are
   */
  constructor(maxSeconds: number, minSlices = defaultMinSlices) {
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
   * Whether the medians of the last two windows differ by at most 3 % or their interquartile range. If slices are too long
   * for two windows within the time limit, it compares the last two slices.
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
    if (!this.#hasLongSlices || rates.length < defaultMinSlices) return false;
    return Math.abs(rates.at(-1)! / rates.at(-2)! - 1) <= minTolerance;
  }

  get isOver(): boolean {
    const isLate = this.#seconds >= this.#maxSeconds && this.#rates.length >= this.#minSlices;
    return this.isSteady || isLate;
  }

  get #hasLongSlices(): boolean {
    const slice = this.#seconds / this.#rates.length;
    return 2 * windowSize * slice > this.#maxSeconds;
  }
}
