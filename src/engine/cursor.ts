/** A place in a training run, as plain data. */
export interface TrainingPosition {
  /** Steps made, over all epochs. Learning-rate schedules and Adam's bias correction follow it. */
  readonly step: number;
  /** Epochs that are over. */
  readonly epoch: number;
  /** Steps made in the epoch after those. */
  readonly stepOfEpoch: number;
}

const start: TrainingPosition = { step: 0, epoch: 0, stepOfEpoch: 0 };

/**
 * Where a training run is. A run has two of them: an engine's is the position that steps have been submitted up to, and
 * a trainer's is the position that reports have come to. The engine's is ahead, since runs are asked for before those
 * under way are reported. A GPU counts steps by itself, and its count is held against the engine's cursor.
 */
export class TrainingCursor implements TrainingPosition {
  /** Infinite until a training set is known. */
  stepsPerEpoch: number;
  #step: number;
  #epoch: number;
  #stepOfEpoch: number;

  /** @param position default: the start of training */
  constructor(stepsPerEpoch = Infinity, { step, epoch, stepOfEpoch }: TrainingPosition = start) {
    this.stepsPerEpoch = stepsPerEpoch;
    this.#step = step;
    this.#epoch = epoch;
    this.#stepOfEpoch = stepOfEpoch;
  }

  get step(): number {
    return this.#step;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get stepOfEpoch(): number {
    return this.#stepOfEpoch;
  }

  /** Of the epoch; 0 when it is complete. */
  get stepsLeft(): number {
    return this.stepsPerEpoch - this.#stepOfEpoch;
  }

  /** A copy, as plain data. */
  get position(): TrainingPosition {
    return { step: this.#step, epoch: this.#epoch, stepOfEpoch: this.#stepOfEpoch };
  }

  /** Moves on by steps of the epoch, at most those left of it. */
  advance(steps: number): void {
    this.#step += steps;
    this.#stepOfEpoch += steps;
  }

  /** Begins the epoch after this one. Steps left of this one stay unmade. Does nothing where none of it was made. */
  nextEpoch(): void {
    if (this.#stepOfEpoch === 0) return;
    this.#epoch++;
    this.#stepOfEpoch = 0;
  }
}
