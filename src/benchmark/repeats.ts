/** How a backend is timed: warmed up until its rate is steady, then in repeats of a power of two of steps. */
import { WarmUp } from './warmUp.ts';

/** Slices of a repeat that a warm-up is made of. */
const slicesPerRepeat = 8;
/**
 * Seconds of a warm-up at most, or this many slices where they are longer. A backend that was steady in an earlier block needs
 * less.
 */
const maxWarmUp = { first: { seconds: 2, slices: 4 }, later: { seconds: 1, slices: 1 } } as const;
/**
 * Twice the steps take this many times as long, at least, once what a wait for the result costs no longer matters. At 1.8, a
 * wait is an eighth of a repeat at most.
 */
const workDominates = 1.8;
/** Seconds beside which the longest wait that any browser is known for, 100 ms in Firefox, no longer matters. */
const beyondAnyWait = 1;

/** What was done, and how long it took. */
export interface Stretch {
  readonly samples: number;
  readonly seconds: number;
}

/** Makes steps, and resolves once the result of the last has been read. */
export type Train = (steps: number) => Promise<Stretch>;

export class Repeats {
  readonly #train: Train;
  readonly #repeatSeconds: number;
  readonly #rates: number[] = [];
  readonly #isFirst: boolean;
  #warmUp: WarmUp | undefined;
  #steps: number;

  /**
   * @param repeatSeconds that a repeat should take, about
   * @param steps of a repeat, where an earlier block has found it
   */
  constructor(train: Train, repeatSeconds: number, steps: number | undefined) {
    this.#train = train;
    this.#repeatSeconds = repeatSeconds;
    this.#isFirst = steps === undefined;
    this.#steps = steps ?? 1;
  }

  /** Samples a second of each repeat so far. */
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

  /** Trains until rates are steady, and finds how many steps a repeat has unless that is known. */
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
   * One repeat.
   * @param times as many steps as a repeat has; a power of two
   * @returns samples a second
   */
  async time(times = 1): Promise<number> {
    const { samples, seconds } = await this.#train(times * this.#steps);
    return samples / seconds;
  }

  /** Gives repeats more steps. @param times a power of two */
  lengthen(times: number): void {
    this.#steps *= times;
  }

  /** Counts a repeat. */
  keep(rate: number): void {
    this.#rates.push(rate);
  }

  /**
   * Doubles the steps until they take about as long as a repeat should, and twice as many take almost twice as long: what
   * takes as long whatever the steps is a wait, for a timer of the browser's say, and would be timed in place of training.
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
