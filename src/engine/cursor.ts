import { ConfigurationError } from '../errors.ts';
import { show } from '../network/arguments.ts';

/** A place in a training run, as plain data. */
export interface TrainingPosition {
  /** Steps made over all epochs. Learning-rate schedules and Adam's bias correction depend on it. */
  readonly step: number;
  /** Number of completed epochs. */
  readonly epoch: number;
  /** Steps made in the current epoch. */
  readonly stepOfEpoch: number;
}

/**
 * @param name name of the object in error messages
 * @throws {ConfigurationError} unless it is a position
 */
export function requirePosition(
  name: string,
  { step, epoch, stepOfEpoch }: TrainingPosition,
): TrainingPosition {
  for (const [field, value] of Object.entries({ step, epoch, stepOfEpoch })) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new ConfigurationError(
      `${name}.${field} must be a non-negative integer; got ${show(value)}.`,
    );
  }
  if (stepOfEpoch <= step) return { step, epoch, stepOfEpoch };
  throw new ConfigurationError(
    `${name}.stepOfEpoch (${stepOfEpoch}) must be at most ${name}.step (${step}), which counts the steps of all epochs.`,
  );
}

const start: TrainingPosition = { step: 0, epoch: 0, stepOfEpoch: 0 };

/**
 * The position of a training run. The engine has a cursor for the steps submitted, the trainer one for the steps
 * reported. The engine's cursor is ahead, because the trainer submits runs before earlier ones are reported. A GPU
 * counts its steps itself; the engine compares that count with its cursor.
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

  moveTo({ step, epoch, stepOfEpoch }: TrainingPosition): void {
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

  /** Steps left in the epoch. */
  get stepsLeft(): number {
    return this.stepsPerEpoch - this.#stepOfEpoch;
  }

  /** A copy, as plain data. */
  get position(): TrainingPosition {
    return { step: this.#step, epoch: this.#epoch, stepOfEpoch: this.#stepOfEpoch };
  }

  /** Advances by at most `stepsLeft` steps. */
  advance(steps: number): void {
    this.#step += steps;
    this.#stepOfEpoch += steps;
  }

  /** Skips to the next epoch. Does nothing if no step of this epoch was made. */
  nextEpoch(): void {
    if (this.#stepOfEpoch === 0) return;
    this.#epoch++;
    this.#stepOfEpoch = 0;
  }
}
