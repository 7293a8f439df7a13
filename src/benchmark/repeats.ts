/** Times a backend: warms it up until its rate is steady, then measures repeats of 2ⁿ steps. */
import { WarmUp } from './warmUp.ts';

/** A warm-up measures slices of a repeat. */
const slicesPerRepeat = 8;
/** Maximum warm-up: this many seconds, or this many slices if they take longer. Later blocks need less. */
const maxWarmUp = { first: { seconds: 2, slices: 4 }, later: { seconds: 1, slices: 1 } } as const;
/**
 * If doubling the steps multiplies the time by at least this factor, waiting for the result no longer matters: at 1.8,
 * the wait is at most an eighth of a repeat.
 */
const workDominates = 1.8;
/** Seconds. The longest known wait, 100 ms in Firefox, does not matter in a longer repeat. */
const beyondAnyWait = 1;

export interface Stretch {
  readonly samples: number;
  readonly seconds: number;
}

/** Makes steps, and resolves after reading the result of the last one. */
export type Train = (steps: number) => Promise<Stretch>;

export class Repeats {
  readonly #train: Train;
  readonly #repeatSeconds: number;
  readonly #rates: number[] = [];
  readonly #isFirst: boolean;
  #warmUp: WarmUp | undefined;
  #steps: number;

  /**
   * @param repeatSeconds target length of a repeat
   * @param steps of a repeat, if an earlier block has determined them
   */
  constructor(train: Train, repeatSeconds: number, steps: number | undefined) {
    this.#train = train;
    this.#repeatSeconds = repeatSeconds;
    this.#isFirst = steps === undefined;
    this.#steps = steps ?? 1;
  }

  /** Samples per second of each repeat so far. */
  get rates(): readonly number[] {
    return this.#rates;
  }

  get stepsPerRepeat(): number {
    return this.#steps;
  }

  get warmUpSeconds(): number {
    return this.#warmUp?.seconds ?? 0;
  }

  get isSteady(): boolean {
    return this.#warmUp?.isSteady === true;
  }

  /** Trains until the rate is steady, and determines the steps of a repeat if they are unknown. */
  async warmUp(): Promise<void> {
    // Some drivers compile at the first step.
    await this.#train(1);
    if (this.#isFirst) this.#steps = await this.#findSteps();
    const slice = Math.max(1, this.#steps / slicesPerRepeat);
    const first = await this.#train(slice);
    const { seconds, slices } = this.#isFirst ? maxWarmUp.first : maxWarmUp.later;
    const max = Math.max(seconds, slices * first.seconds);
    const warmUp = this.#isFirst ? new WarmUp(max) : new WarmUp(max, slices);
    while (!warmUp.isOver) {
      const made = await this.#train(slice);
      warmUp.add(made.samples / made.seconds, made.seconds);
    }
    this.#warmUp = warmUp;
  }

  /**
   * Measures one repeat.
   * @param times factor of its steps; a power of two
   * @returns samples per second
   */
  async time(times = 1): Promise<number> {
    const { samples, seconds } = await this.#train(times * this.#steps);
    return samples / seconds;
  }

  /** Multiplies the steps of a repeat. @param times a power of two */
  lengthen(times: number): void {
    this.#steps *= times;
  }

  keep(rate: number): void {
    this.#rates.push(rate);
  }

  /**
   * Doubles the steps until they take about as long as a repeat should, and doubling them again almost doubles the time.
   * Otherwise the repeat would mostly measure a constant wait, such as a timer of the browser.
   */
  async #findSteps(): Promise<number> {
    let steps = 1;
    let { seconds } = await this.#train(steps);
    for (;;) {
      const isLongEnough = seconds >= this.#repeatSeconds / Math.SQRT2;
      if (isLongEnough && seconds >= beyondAnyWait) return steps;
      const twice = await this.#train(2 * steps);
      if (isLongEnough && twice.seconds >= workDominates * seconds) return steps;
      steps *= 2;
      ({ seconds } = twice);
    }
  }
}
