/** Ctrl-C: the first stops the work in an orderly way, the second ends the process at once. */
import { Interruption, interruptingSignals, type InterruptingSignal } from './errors.ts';

/** The part of `process` that {@link Interrupt} needs. */
export interface SignalSource {
  on(name: InterruptingSignal, handler: (name: InterruptingSignal) => void): unknown;
  off(name: InterruptingSignal, handler: (name: InterruptingSignal) => void): unknown;
  exit(code: number): never;
}

export class Interrupt {
  readonly #source: SignalSource;
  readonly #abort = new AbortController();
  readonly #handle: (name: InterruptingSignal) => void;

  /** @param onFirst called at the first signal */
  constructor(onFirst: () => void, source: SignalSource = process) {
    this.#source = source;
    this.#handle = (name) => {
      const interruption = new Interruption(name);
      // exit() still runs the 'exit' listeners, which end browsers and remove temporary folders.
      if (this.#abort.signal.aborted) source.exit(interruption.exitCode);
      onFirst();
      this.#abort.abort(interruption);
    };
    for (const name of interruptingSignals) source.on(name, this.#handle);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The first signal; undefined before it. */
  get interruption(): Interruption | undefined {
    return this.signal.aborted ? (this.signal.reason as Interruption) : undefined;
  }

  /** Restores the signals' default behaviour. */
  dispose(): void {
    for (const name of interruptingSignals) this.#source.off(name, this.#handle);
  }
}
