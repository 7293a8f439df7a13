/** Errors of the command line, and the exit code of every error. */
import { constants } from 'node:os';

import { ConfigurationError, NudgeError } from '../errors.ts';

export { FileError } from '../errors.ts';

/** An argument, or a combination of arguments, is invalid. Decision: change the command line. */
export class UsageError extends ConfigurationError {}

/** Ctrl-C, a request to end, and a closed terminal. */
export const interruptingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type InterruptingSignal = (typeof interruptingSignals)[number];

/** The process received a signal. This is no failure; it is the reason of the aborted AbortSignal. */
export class Interruption extends Error {
  readonly signal: InterruptingSignal;

  constructor(signal: InterruptingSignal) {
    super(`Stopped by ${signal === 'SIGINT' ? 'Ctrl-C' : signal}.`);
    this.signal = signal;
  }

  /** 128 plus the signal's number, as in shells. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

export const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

/** The section about exit codes in every help text. */
export const exitCodeHelp = `Exit codes:
  0    success
  1    the run failed: no adapter, a missing or damaged file, a cost that became NaN, …
  2    the command line is invalid; nothing was started
  130  stopped by Ctrl-C (143: by SIGTERM, 129: by SIGHUP)`;

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  return error instanceof ConfigurationError ? exitCodes.usage : exitCodes.failure;
}

/** The message for the user. An unexpected error is a bug, so its message has the stack. */
export function describeError(error: unknown): string {
  if (error instanceof NudgeError) return error.message;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Unexpected error. This is a bug in nudge; please report it with this text:\n${text}`;
}
