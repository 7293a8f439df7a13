/**
 * Lets waits for the GPU end when the GPU is done.
 *
 * Some browsers look for finished work on a timer only, Firefox every 100 ms, unless something is submitted: then
 * they look at once (bugzilla 1870699; the remedy is jax-js's). Whether this is one of them is measured, and if it
 * is, nothing is submitted again and again while somebody waits.
 */

/** Between two empty submits; browsers make 4 ms of it, which is as soon as a few submits in flight need. */
const promptEveryMs = 1;
/** A wait for an idle GPU that outlasts so many timeouts of 4 ms was for a timer, not for the GPU. */
const patience = 3;

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
   * Finds out whether it is needed, once: any further call gives the first one's answer. To be called while the GPU is
   * idle; takes a fraction of a millisecond where it is not needed.
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
    this.#arm();
    const settled = () => {
      this.#waiting--;
    };
    promise.then(settled, settled);
    return promise;
  }

  #arm(): void {
    if (!this.#isNeeded || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting === 0) return;
      this.#queue.submit([]);
      this.#arm();
    }, promptEveryMs);
  }

  async #measure(): Promise<void> {
    const plain = await this.#waitPlainly();
    if (plain === undefined) return;
    this.#isNeeded = await this.#isFasterPrompted(plain / 2);
    // For who began to wait before this was known.
    if (this.#waiting > 0) this.#arm();
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
   * Whether with empty submits a wait for nothing takes less than `limitMs`. A machine that was busy during the
   * first wait is taken for a slow timer; empty submits that are not needed cost it next to nothing.
   */
  async #isFasterPrompted(limitMs: number): Promise<boolean> {
    const start = performance.now();
    const over = this.#queue.onSubmittedWorkDone().then(() => true);
    while (performance.now() - start < limitMs) {
      this.#queue.submit([]);
      if (await Promise.race([over, sleep(promptEveryMs)])) return true;
    }
    return false;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
