/** Ctrl-C: the first stops the work in an orderly way, the second ends the process at once. */
import { Interruption, interruptingSignals, type InterruptingSignal } from './errors.ts';

/** The part of `process` that {@link Interrupt} needs. */
export interface SignalSource {
  on(name: InterruptingSignal, handler: (name: InterruptingSignal) => void): unknown;
  off(name: InterruptingSignal, handler: (name: InterruptingSignal) => void): unknown;
}

export class Interrupt {
  readonly #source: SignalSource;
  readonly #abort = new AbortController();
  readonly #handle: (name: InterruptingSignal) => void;

  /**
   * @param onFirst called at the first signal
   * @param end called at the second signal; ends the process
   */
  constructor(onFirst: () => void, source: SignalSource = process, end = endProcess) {
    this.#source = source;
    this.#handle = (name) => {
      const interruption = new Interruption(name);
      if (this.#abort.signal.aborted) {
        end(interruption);
        return;
      }
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

/**
 * Ends this process at once by the signal itself; a shell reports that as 128 plus its number. `process.exit` would free
 * native objects first, and Dawn often crashes when it is freed while it computes.
 */
function endProcess({ signal, exitCode }: Interruption): void {
  // Windows has no signals: `process.kill` would end the process with 1.
  if (process.platform !== 'win32') {
    // These listeners end browsers, remove temporary folders and restore the terminal.
    process.emit('exit', exitCode);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  // Linux ignores signals that the first process of a container sends to itself.
  process.exit(exitCode);
}
