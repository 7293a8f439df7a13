import type { Device } from './device.ts';

/**
 * Target duration of a submit in milliseconds. On a visible page it is short, so that the compositor can draw in
 * between. Otherwise it is long, so that the cost of a submit does not matter.
 */
const targetMs = { visible: 8, hidden: 40 } as const;
/** Submits in flight: one runs, one waits, and the host records a third. */
const maxInFlight = 3;
const maxSteps = 512;
/** Decay of the moving average of step time; the average covers only a few submits. */
const decay = 0.7;
/**
 * Milliseconds from which on a step is submitted in pieces. Drivers and browsers reset a GPU that does not finish a
 * submit for 2 to 10 seconds.
 */
const longStepMs = 500;
/** Floating-point operations per millisecond of a slow adapter, such as SwiftShader on a busy machine. */
const slowOperationsPerMs = 1e6;
/** How many times as long as the last step another one may take. */
const patience = 5;

/** The parts of a device that a pacer uses. */
export type PacedDevice = Pick<Device, 'finish' | 'isVisible' | 'learnToWait'> & {
  readonly gpu: { readonly queue: Pick<GPUQueue, 'onSubmittedWorkDone'> };
};

/**
 * Decides how many steps go into a submit, and when the next submit may follow. A submit of seconds gets killed, and a
 * long one freezes the page; a submit of microseconds costs more than its work. Results do not depend on the packing:
 * the same kernels run in the same order.
 */
export class Pacer {
  readonly #device: PacedDevice;
  readonly #inFlight: Promise<void>[] = [];
  /** Upper limit for the next submit. It grows gradually, so a wrong estimate cannot cause a submit of seconds. */
  #max: number;
  #lastDone = 0;
  /**
   * Decaying sums of the milliseconds and steps of recent submits. They are sums because several submits may be
   * reported together, and then all but the first seem to have taken no time.
   */
  #recent = { ms: 0, steps: 0 };
  readonly #operations: number;
  /** Milliseconds of the last whole step; undefined before the first. */
  #msPerStep: number | undefined;
  /** Since then. */
  #sinceStep = { ms: 0, steps: 0 };

  /**
   * @param firstSteps steps of the first submit
   * @param operations approximate floating-point operations of a step
   */
  constructor(device: PacedDevice, firstSteps: number, operations: number) {
    this.#device = device;
    this.#max = firstSteps;
    this.#operations = operations;
  }

  /** Whether a step is so long that each of its dispatches should be a submit of its own. */
  get isStepLong(): boolean {
    return this.#stepMs > longStepMs;
  }

  /** Steps to put into the next submit. */
  get steps(): number {
    const { ms, steps } = this.#recent;
    const target = this.#device.isVisible() ? targetMs.visible : targetMs.hidden;
    const wanted = steps === 0 ? this.#max : (target * steps) / Math.max(ms, 1e-3 * steps);
    return Math.max(1, Math.floor(Math.min(wanted, this.#max, maxSteps)));
  }

  /** Waits until another submit is allowed. */
  async ready(): Promise<void> {
    await this.#device.learnToWait();
    while (this.#inFlight.length >= maxInFlight) await this.#inFlight.shift();
  }

  /** Call this right after a submit of `steps` steps, or of a part of one. */
  submitted(steps: number): void {
    const start = performance.now();
    const done = this.#device
      .finish('training', this.#device.gpu.queue.onSubmittedWorkDone(), this.#patienceMs(steps))
      .then(() => this.#learn(steps, start));
    // The next call to `ready` throws this error. Catching it here avoids an unhandled rejection until then.
    done.catch(() => undefined);
    this.#inFlight.push(done);
  }

  /** Milliseconds of a step: measured, and before that, as a slow adapter would take. */
  get #stepMs(): number {
    return this.#msPerStep ?? this.#operations / slowOperationsPerMs;
  }

  /** A part of a step may take almost all of its time. */
  #patienceMs(steps: number): number {
    const times = this.#msPerStep === undefined ? 1 : patience;
    return times * this.#stepMs * Math.max(1, steps);
  }

  #learn(steps: number, start: number): void {
    const now = performance.now();
    // Before that time, the GPU was idle or busy with the previous submit.
    const elapsed = now - Math.max(start, this.#lastDone);
    this.#lastDone = now;
    this.#recent = {
      ms: decay * this.#recent.ms + elapsed,
      steps: decay * this.#recent.steps + steps,
    };
    this.#max = Math.max(this.#max, Math.min(maxSteps, 2 * steps));
    const since = { ms: this.#sinceStep.ms + elapsed, steps: this.#sinceStep.steps + steps };
    // The parts of a step add up to 1, except for rounding.
    const isWhole = since.steps > 0.99;
    if (isWhole) this.#msPerStep = since.ms / since.steps;
    this.#sinceStep = isWhole ? { ms: 0, steps: 0 } : since;
  }
}
