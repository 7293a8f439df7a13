/** Lets scripts wait for a run: `await nudgeBenchmark.done`, or the document's event `nudge:done`. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';

export class Automation {
  #resolve!: (result: BenchmarkResult) => void;
  #reject!: (error: unknown) => void;
  #isSettled = false;
  #done = this.#next();

  /** The result of the current run, of the last one, or of the first to come. Rejects if the run fails. */
  get done(): Promise<BenchmarkResult> {
    return this.#done;
  }

  begin(): void {
    if (this.#isSettled) this.#done = this.#next();
  }

  /** @param result of a run that ended by itself or was stopped */
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
    // The page shows the error. Without a waiting script it must not count as an unhandled rejection.
    done.catch(() => undefined);
    return done;
  }
}
