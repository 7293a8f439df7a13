/**
 * Notices a processor that is slowed down while a run goes on, by heat, a battery or another process: a fixed piece of
 * arithmetic is timed again and again between repeats.
 */

/** Long enough for a clock of 0.1 ms, short enough to do between all repeats. */
const iterations = 400_000;
/** Times at each beat, of which the least counts: noise only adds. */
const tries = 3;
/** How much slower the last third of a run may be than the first. */
const mostSlowdown = 1.2;
/** Beats, at least, to say anything. */
const fewestBeats = 12;

export class Pulse {
  readonly #seconds: number[] = [];
  /** Where results go, so that no compiler leaves out what leads to them. */
  readonly #out = new Int32Array(1);

  /** Times the piece of arithmetic; about a millisecond. */
  beat(): void {
    let least = Infinity;
    for (let n = 0; n < tries; n++) {
      const start = performance.now();
      this.#out[0] = churn(n);
      least = Math.min(least, performance.now() - start);
    }
    this.note(least / 1000);
  }

  /** @param seconds that the piece of arithmetic took */
  note(seconds: number): void {
    this.#seconds.push(seconds);
  }

  /**
   * How many times slower the processor was in the last third of the beats than in the first, by the best beats of each;
   * undefined unless it is more than noise.
   */
  get slowdown(): number | undefined {
    const beats = this.#seconds;
    if (beats.length < fewestBeats) return undefined;
    const third = Math.floor(beats.length / 3);
    const ratio = bestOf(beats.slice(-third)) / bestOf(beats.slice(0, third));
    return ratio > mostSlowdown ? ratio : undefined;
  }
}

/** The lower quartile: one lucky beat says as little as an unlucky one. */
function bestOf(seconds: readonly number[]): number {
  return seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 4)]!;
}

/** Integer arithmetic of which each step needs the one before. */
function churn(seed: number): number {
  let x = seed | 1;
  for (let n = 0; n < iterations; n++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}
