/** For scripts that open the page and wait: `nudgeBenchmark.done`, and the event `nudge:done` of the document. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';

export class Automation {
  #resolve!: (result: BenchmarkResult) => void;
  #reject!: (error: unknown) => void;
  #isSettled = false;
  #done = this.#next();

  /** The result of the run under way, or of the last one; before any, of the first. Rejects where the run fails. */
  get done(): Promise<BenchmarkResult> {
    return this.#done;
  }

  /** A run has begun. */
  begin(): void {
    if (this.#isSettled) this.#done = this.#next();
  }

  /** It has ended, by itself or because it was stopped. */
  end(result: BenchmarkResult): void {
    this.#isSettled = true;
    this.#resolve(result);
    document.dispatchEvent(new CustomEvent('nudge:done', { detail: result }));
  }

  fail(error: unknown): void {
    this.#isSettled = true;
    this.#reject(error);
  }

  #next(): Promise<BenchmarkResult> {
    this.#isSettled = false;
    const done = new Promise<BenchmarkResult>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The page itself shows what went wrong. A script that waits gets the error; without one it must not count as unhandled.
    done.catch(() => undefined);
    return done;
  }
}
