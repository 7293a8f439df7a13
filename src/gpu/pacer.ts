import type { Device } from './device.ts';

/**
 * Milliseconds that a submit should keep the GPU busy, about. Where a page is looked at, short enough for its
 * compositor to draw in between; elsewhere long enough for what a submit costs not to count.
 */
const targetMs = { visible: 8, hidden: 40 } as const;
/** Submits on their way at once: while one runs, another waits, and the host records a third. */
const maxInFlight = 3;
const maxSteps = 512;
/** Decay of the moving average of step time: a few submits make up the mean. */
const decay = 0.7;

/** What a pacer needs of a device. */
export type PacedDevice = Pick<Device, 'finish' | 'isVisible' | 'learnToWait'> & {
  readonly gpu: { readonly queue: Pick<GPUQueue, 'onSubmittedWorkDone'> };
};

/**
 * Decides how many steps go into a submit, and when the next one may follow. A submit that takes long freezes the
 * page, and one that takes seconds is killed; one that takes microseconds costs more than it does. None of this
 * changes a result: the same kernels run in the same order however they are packed.
 */
export class Pacer {
  readonly #device: PacedDevice;
  readonly #inFlight: Promise<void>[] = [];
  /** What may be submitted next at most: a wrong guess must not make a submit of seconds. */
  #max: number;
  #lastDone = 0;
  /**
   * Milliseconds and steps of the submits of late, the last counting most. Sums, because where several submits are
   * reported at once, all but the first seem to have taken no time.
   */
  #recent = { ms: 0, steps: 0 };

  constructor(device: PacedDevice, firstSteps: number) {
    this.#device = device;
    this.#max = firstSteps;
  }

  /** Steps to put into the next submit. */
  get steps(): number {
    const { ms, steps } = this.#recent;
    const target = this.#device.isVisible() ? targetMs.visible : targetMs.hidden;
    const wanted = steps === 0 ? this.#max : (target * steps) / Math.max(ms, 1e-3 * steps);
    return Math.max(1, Math.floor(Math.min(wanted, this.#max, maxSteps)));
  }

  /** Waits until another submit may be made. */
  async ready(): Promise<void> {
    await this.#device.learnToWait();
    while (this.#inFlight.length >= maxInFlight) await this.#inFlight.shift();
  }

  /** To be called right after a submit of `steps` steps. */
  submitted(steps: number): void {
    const start = performance.now();
    const done = this.#device
      .finish('training', this.#device.gpu.queue.onSubmittedWorkDone())
      .then(() => this.#learn(steps, start));
    // The next call that waits for it gets the error; none may be waiting yet.
    done.catch(() => undefined);
    this.#inFlight.push(done);
  }

  #learn(steps: number, start: number): void {
    const now = performance.now();
    // Before that, the GPU was at work on the submit before, or had nothing to do.
    const elapsed = now - Math.max(start, this.#lastDone);
    this.#lastDone = now;
    this.#recent = {
      ms: decay * this.#recent.ms + elapsed,
      steps: decay * this.#recent.steps + steps,
    };
    this.#max = Math.max(this.#max, Math.min(maxSteps, 2 * steps));
  }
}
