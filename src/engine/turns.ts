import { DisposedError } from '../errors.ts';

/** Runs what an engine is asked for one after another, in the order of the calls, until the engine is disposed of. */
export class Turns {
  readonly #whenOver: string;
  readonly #requireUsable: () => void;
  #isOver = false;
  /** Never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param whenOver what is said to callers that come too late
   * @param requireUsable throws where the engine can do nothing, though it is not disposed of
   */
  constructor(whenOver: string, requireUsable: () => void = () => undefined) {
    this.#whenOver = whenOver;
    this.#requireUsable = requireUsable;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws {DisposedError} after {@link end}; what makes the engine unusable */
  requireLive(): void {
    if (this.#isOver) throw new DisposedError(this.#whenOver);
    this.#requireUsable();
  }

  /**
   * Runs `job` after everything asked for before it is over, whether that succeeded or not.
   * @throws what `job` and {@link requireLive} throw
   */
  take<T>(job: () => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      this.requireLive();
      return job();
    });
    // The next in turn does not care how this one ends; the caller that asked for it does.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Lets no further turn begin, and waits for the one under way, which stops or finishes.
   * @returns whether this is the first call
   */
  async end(): Promise<boolean> {
    const isFirst = !this.#isOver;
    this.#isOver = true;
    await this.#last;
    return isFirst;
  }
}
