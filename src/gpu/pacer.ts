import type { Device } from './device.ts';

/** A submit should keep the GPU busy about this long: short enough for everybody else who wants to draw. */
const targetMs = 40;
/** Submits on their way at once. Three targets outlast the 100 ms between two looks of Firefox at its queue. */
const mostInFlight = 3;
const mostSteps = 512;

/**
 * Decides how many steps go into a submit, and when the next one may follow. A submit that takes long freezes the
 * page, and one that takes seconds is killed; one that takes microseconds costs more than it does. None of this
 * changes a result: the same kernels run in the same order however they are packed.
 */
export class Pacer {
  readonly #device: Device;
  readonly #inFlight: Promise<void>[] = [];
  #steps: number;
  #lastDone = 0;

  constructor(device: Device, firstSteps: number) {
    this.#device = device;
    this.#steps = firstSteps;
  }

  /** Steps to put into the next submit. */
  get steps(): number {
    return Math.max(1, Math.round(this.#steps));
  }

  /** Waits until another submit may be made. */
  async ready(): Promise<void> {
    while (this.#inFlight.length >= mostInFlight) await this.#inFlight.shift();
  }

  /** To be called right after a submit of `steps` steps. */
  submitted(steps: number): void {
    const start = performance.now();
    const done = this.#device
      .guard('training', this.#device.gpu.queue.onSubmittedWorkDone())
      .then(() => this.#learn(steps, start));
    // Whoever waits for it next gets the error; nobody may be waiting yet.
    done.catch(() => undefined);
    this.#inFlight.push(done);
  }

  #learn(steps: number, start: number): void {
    const now = performance.now();
    const elapsed = Math.max(1, now - Math.max(start, this.#lastDone));
    this.#lastDone = now;
    if (steps < this.steps) return;
    const factor = Math.min(2, Math.max(0.25, targetMs / elapsed));
    this.#steps = Math.min(mostSteps, Math.max(1, this.#steps * factor));
  }
}
