/** What only the command line can get wrong, and what each failure makes of the exit code. */
import { constants } from 'node:os';

import { ConfigurationError, NudgeError } from '../errors.ts';

/** An argument, or a combination of arguments, makes no sense. Decision: change the command line. */
export class UsageError extends ConfigurationError {}

/** A file of the command line cannot be read or written. Decision: another place, or make room there. */
export class FileError extends NudgeError {}

/** Ctrl-C, a polite request to end, or a terminal that was closed. */
export const interruptingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type InterruptingSignal = (typeof interruptingSignals)[number];

/** One of these signals. It is no failure, and the reason of the AbortSignal that it aborts. */
export class Interruption extends Error {
  readonly signal: InterruptingSignal;

  constructor(signal: InterruptingSignal) {
    super(`Stopped by ${signal === 'SIGINT' ? 'Ctrl-C' : signal}.`);
    this.signal = signal;
  }

  /** 128 and the signal's number, as shells count. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

export const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

/** What the help of every command says about them. */
export const exitCodeHelp = `Exit codes:
  0    done
  1    the run failed: no adapter, a missing or damaged file, a cost that became NaN, …
  2    the command line makes no sense; nothing was started
  130  stopped by Ctrl-C (143: by SIGTERM, 129: by SIGHUP)`;

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  return error instanceof ConfigurationError ? exitCodes.usage : exitCodes.failure;
}

/** What to tell the user: a sentence, and the stack only of an error that is a fault of the program. */
export function describeError(error: unknown): string {
  if (error instanceof NudgeError) return error.message;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Something happened that nudge did not expect. This is a bug in nudge; please report it with this text:\n${text}`;
}
