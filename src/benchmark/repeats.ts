/** How a side is timed, whoever it is: warmed up until steady, then in repeats of a power of two of steps. */
import { WarmUp } from './warmUp.ts';

/** Reports of a repeat: points of the curve, and what can be stopped between. */
const reportsPerRepeat = 8;
/** Seconds of warm-up at most, and repeats where those are longer. */
const mostWarmUpSeconds = 2;
const mostWarmUpSlices = 4;

/** What was done, and how long it took. */
export interface Stretch {
  readonly samples: number;
  readonly seconds: number;
}

/** Makes steps, with a report every so many. */
export type Train = (steps: number, reportEvery: number) => Promise<Stretch>;

export class Repeats {
  readonly #train: Train;
  readonly #repeatSeconds: number;
  readonly #rates: number[] = [];
  #warmUp: WarmUp | undefined;
  #steps = 1;

  /** @param repeatSeconds that a repeat should take, about */
  constructor(train: Train, repeatSeconds: number) {
    this.#train = train;
    this.#repeatSeconds = repeatSeconds;
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

  /**
   * Finds how many steps a repeat has, a power of two, so that reports of two sides fall on the same steps; and trains
   * until rates are steady.
   */
  async warmUp(): Promise<void> {
    const sliceSeconds = this.#repeatSeconds / reportsPerRepeat;
    // Some drivers compile at the first step. Then 1, 2, 4, … steps, up to what is as long as a slice, so that what was
    // made is always a multiple of what is made next.
    await this.#train(1, 1);
    let steps = 1;
    let { seconds } = await this.#train(1, 1);
    while (seconds < sliceSeconds) {
      steps *= 2;
      ({ seconds } = await this.#train(steps, steps));
    }
    const warmUp = new WarmUp(Math.max(mostWarmUpSeconds, mostWarmUpSlices * seconds));
    while (!warmUp.isOver) {
      const slice = await this.#train(steps, steps);
      warmUp.add(slice.samples / slice.seconds, slice.seconds);
      seconds = slice.seconds;
    }
    this.#warmUp = warmUp;
    // Short slices are mostly waiting, which says little of longer ones: doubled until one is long enough.
    while (seconds < this.#repeatSeconds / Math.SQRT2) {
      steps *= 2 ** Math.max(1, Math.round(Math.log2(this.#repeatSeconds / seconds)));
      ({ seconds } = await this.#train(steps, this.#reportEvery(steps)));
    }
    this.#steps = steps;
  }

  /** One timed repeat. @returns samples a second */
  async repeat(): Promise<number> {
    const { samples, seconds } = await this.#train(this.#steps, this.#reportEvery(this.#steps));
    const rate = samples / seconds;
    this.#rates.push(rate);
    return rate;
  }

  #reportEvery(steps: number): number {
    return Math.max(1, steps / reportsPerRepeat);
  }
}
