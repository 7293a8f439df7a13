import { DisposedError } from '../errors.ts';

/** Runs an engine's jobs one after another, in the order of the calls, until the engine is disposed. */
export class Turns {
  readonly #whenOver: string;
  readonly #requireUsable: () => void;
  #isOver = false;
  /** Never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param whenOver the error message for calls after {@link end}
   * @param requireUsable throws if the engine is unusable for another reason
   */
  constructor(whenOver: string, requireUsable: () => void = () => undefined) {
    this.#whenOver = whenOver;
    this.#requireUsable = requireUsable;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws {DisposedError} after {@link end}; the error of `requireUsable` */
  requireLive(): void {
    if (this.#isOver) throw new DisposedError(this.#whenOver);
    this.#requireUsable();
  }

  /**
   * Runs `job` after all earlier jobs have ended, even if some failed.
   * @throws the errors of `job` and {@link requireLive}
   */
  take<T>(job: () => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      this.requireLive();
      return job();
    });
    // The next job runs even if this one fails. The caller of this one gets its error.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Refuses further jobs and waits for the current one.
   * @returns whether this is the first call
   */
  async end(): Promise<boolean> {
    const isFirst = !this.#isOver;
    this.#isOver = true;
    await this.#last;
    return isFirst;
  }
}
