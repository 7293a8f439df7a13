/**
 * Makes waits for the GPU end as soon as the GPU has finished.
 *
 * Some browsers check for finished work only on a timer (Firefox: every 100 ms) and on each submit (bugzilla 1870699;
 * the workaround comes from jax-js). A measurement shows whether this browser does so. If it does, empty submits are
 * made while a wait is pending: one at once, and one after each timeout.
 */

/**
 * Milliseconds between two empty submits. From the fifth nested timeout on, browsers raise it to 4 ms. Each new wait
 * starts a new chain of timeouts, so short waits end early and long ones cost little.
 */
const promptEveryMs = 1;
/**
 * A wait for an idle GPU that lasts longer than this many 4 ms timeouts was waiting for a browser timer, not for the
 * GPU.
 */
const patience = 3;
/**
 * Consecutive waits that must be short before a browser counts as needing no prompts. The first may be short by chance,
 * because the timer happens to fire; the next starts right after that and takes a full period.
 */
const shortWaits = 3;
/** Prompted waits to try. One short wait shows that prompts help; the machine may be busy during another. */
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

  /** Whether empty submits shorten waits in this browser. */
  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /**
   * Measures once whether empty submits are needed; later calls return the first result. Call it while the GPU is idle.
   * It takes a fraction of a millisecond if they are not needed, and about two timer periods if they are.
   */
  measure(): Promise<void> {
    this.#measurement ??= this.#measure().finally(() => (this.#isMeasured = true));
    return this.#measurement;
  }

  /**
   * Submits prompts until `promise` settles.
   * @param promise must always settle, also when the device is lost
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
    // Waits that began before the measurement ended need a prompt, too.
    if (this.#isNeeded && this.#waiting > 0) this.#prompt();
  }

  /** Milliseconds that a wait for an idle GPU takes; undefined if the wait is short. */
  async #waitPlainly(): Promise<number | undefined> {
    const start = performance.now();
    const over = this.#queue.onSubmittedWorkDone().then(() => true);
    // Each check lets the event loop turn, so time during which this thread was busy does not count as waiting.
    for (let turn = 0; turn < patience; turn++) {
      if (await Promise.race([over, sleep(4)])) return undefined;
    }
    await over;
    return performance.now() - start;
  }

  /**
   * Whether a wait for an idle GPU takes less than `limitMs` with empty submits. Call it right after the timer fired. A
   * machine that was busy during the plain wait is misjudged as having a slow timer, which costs it microseconds per
   * wait.
   */
  async #isFasterPrompted(limitMs: number): Promise<boolean> {
    const start = performance.now();
    const over = this.#queue.onSubmittedWorkDone().then(() => true);
    while (performance.now() - start < limitMs) {
      this.#queue.submit([]);
      if (await Promise.race([over, sleep(promptEveryMs)])) return true;
    }
    // Wait until the timer fires. Otherwise it would seem to answer the next prompt.
    await over;
    return false;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
