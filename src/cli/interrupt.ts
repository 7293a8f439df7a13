/** Ctrl-C: the first stops the work in an orderly way, the second ends the process at once. */
import { Interruption, interruptingSignals, type InterruptingSignal } from './errors.ts';

/** The part of `process` that is needed. */
export interface SignalSource {
  on(name: InterruptingSignal, handler: () => void): unknown;
  off(name: InterruptingSignal, handler: () => void): unknown;
  exit(code: number): never;
}

export class Interrupt {
  readonly #source: SignalSource;
  readonly #abort = new AbortController();
  readonly #handlers = new Map<InterruptingSignal, () => void>();

  /** @param onFirst is told about the first one */
  constructor(onFirst: () => void, source: SignalSource = process) {
    this.#source = source;
    for (const name of interruptingSignals) {
      const handler = () => {
        const interruption = new Interruption(name);
        // Listeners of 'exit' still run, and take browsers and temporary folders along.
        if (this.#abort.signal.aborted) source.exit(interruption.exitCode);
        onFirst();
        this.#abort.abort(interruption);
      };
      this.#handlers.set(name, handler);
      source.on(name, handler);
    }
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What happened, if it did. */
  get interruption(): Interruption | undefined {
    return this.signal.aborted ? (this.signal.reason as Interruption) : undefined;
  }

  /** Signals do again what they did before. */
  dispose(): void {
    for (const [name, handler] of this.#handlers) this.#source.off(name, handler);
  }
}
