/**
 * Lets waits for the GPU end when the GPU is done.
 *
 * Some browsers look for finished work only when a timer fires, Firefox every 100 ms, and whenever something is submitted
 * (bugzilla 1870699; the remedy is jax-js's). Whether a browser is one of them is measured. If it is, empty submits are
 * made while anybody waits: one at once, and one after every timeout.
 */

/**
 * Between two empty submits. Browsers make 4 ms of it from the fifth timeout on that sets the next; a new wait starts a new
 * chain of timeouts, so that short waits end soon and long ones cost little.
 */
const promptEveryMs = 1;
/** A wait for an idle GPU that outlasts so many timeouts of 4 ms was for a timer, not for the GPU. */
const patience = 3;
/**
 * Waits in a row that must be short for a browser to need no prompts. The first may end soon because the timer happens to
 * fire; the next one begins right after that and takes the whole of its period.
 */
const shortWaits = 3;
/** Prompted waits of which one must be short for prompts to be of use: the machine may be busy during one. */
const promptedWaits = 2;

export class Prompter {
  readonly #queue: Pick<GPUQueue, 'submit' | 'onSubmittedWorkDone'>;
  #isNeeded = false;
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #measurement: Promise<void> | undefined;
  #isMeasured = false;

  constructor(queue: Pick<GPUQueue, 'submit' | 'onSubmittedWorkDone'>) {
    this.#queue = queue;
  }

  /** Whether waiting goes faster here with empty submits. */
  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /**
   * Finds out whether empty submits are needed, once; further calls give the answer of the first. To be called while the
   * GPU is idle. Takes a fraction of a millisecond where they are not needed, and about two periods of the timer where
   * they are.
   */
  measure(): Promise<void> {
    this.#measurement ??= this.#measure().finally(() => (this.#isMeasured = true));
    return this.#measurement;
  }

  /**
   * Prompts until `promise` settles.
   * @param promise one that settles in any case, a lost device included
   */
  during<T>(promise: Promise<T>): Promise<T> {
    this.#waiting++;
    if (this.#isNeeded) this.#prompt();
    const settled = () => {
      this.#waiting--;
    };
    promise.then(settled, settled);
    return promise;
  }

  #prompt(): void {
    this.#queue.submit([]);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting > 0) this.#prompt();
    }, promptEveryMs);
  }

  async #measure(): Promise<void> {
    let plain: number | undefined;
    for (let wait = 0; wait < shortWaits && plain === undefined; wait++) {
      plain = await this.#waitPlainly();
    }
    if (plain === undefined) return;
    for (let wait = 0; wait < promptedWaits && !this.#isNeeded; wait++) {
      this.#isNeeded = await this.#isFasterPrompted(plain / 2);
    }
    // For waits that began before this was known.
    if (this.#isNeeded && this.#waiting > 0) this.#prompt();
  }

  /** Milliseconds that a wait for nothing takes; undefined if it is over soon. */
  async #waitPlainly(): Promise<number | undefined> {
    const start = performance.now();
    const over = this.#queue.onSubmittedWorkDone().then(() => true);
    // A turn of the event loop each, so that time in which this thread was busy is not taken for the GPU's.
    for (let turn = 0; turn < patience; turn++) {
      if (await Promise.race([over, sleep(4)])) return undefined;
    }
    await over;
    return performance.now() - start;
  }

  /**
   * Whether a wait for nothing takes less than `limitMs` with empty submits. To be called right after the timer fired. A
   * machine that was busy during the plain wait is taken for one with a slow timer, which costs it microseconds a wait.
   */
  async #isFasterPrompted(limitMs: number): Promise<boolean> {
    const start = performance.now();
    const over = this.#queue.onSubmittedWorkDone().then(() => true);
    while (performance.now() - start < limitMs) {
      this.#queue.submit([]);
      if (await Promise.race([over, sleep(promptEveryMs)])) return true;
    }
    // Until the timer fires, which would seem to answer the next prompt.
    await over;
    return false;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
