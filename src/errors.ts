/**
 * Every error nudge throws on purpose: one class per decision a caller can take.
 *
 * A message states the fact, the numbers that disagree and the next step. The error that started it
 * all, where there is one, is kept as `cause`.
 */

/** What all of nudge's errors share, so that `error instanceof NudgeError` separates ours from bugs. */
export class NudgeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option, or a combination of options, makes no sense. Decision: change the call. */
export class ConfigurationError extends NudgeError {}

/** No WebGPU adapter is to be had. Decision: use another backend, browser or machine. */
export class NoAdapterError extends NudgeError {}

/** Threads were asked for and cannot be had. Decision: leave `threads` out, or change what forbids them. */
export class NoThreadsError extends NudgeError {}

/** A browser is missing, would not start, or went away. Decision: another browser or runtime, or start again. */
export class BrowserError extends NudgeError {}

/** The device cannot hold or run what was asked. Decision: a smaller network or mini-batch, or streaming. */
export class LimitError extends NudgeError {}

/** The device had no memory left. Decision: free something, or ask for less. */
export class OutOfMemoryError extends NudgeError {}

/** The device went away, or stopped answering. Decision: request a new device and start again. */
export class DeviceLostError extends NudgeError {
  /** `timeout` is a device that stopped answering without ever saying that it was lost. */
  readonly reason: 'destroyed' | 'unknown' | 'timeout';

  constructor(reason: DeviceLostError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A thread of the CPU engine ended or stopped answering. Decision: start again, on fewer threads if it happens again. */
export class ThreadLostError extends NudgeError {}

/** A shader or a pipeline was refused, or WebGPU reported invalid use. Decision: report a bug in nudge. */
export class ShaderError extends NudgeError {}

/**
 * A cost, a gradient, a parameter or an output is NaN or infinite. Decision: a smaller learning rate, or other
 * parameters to start from.
 */
export class NonFiniteError extends NudgeError {}

/** A file is not what it claims to be. Decision: get the file again. */
export class FormatError extends NudgeError {
  /** Where in the (uncompressed) file, in bytes from its start, the contradiction stands. */
  readonly offset: number;

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}

/** Files that were expected are not there. Decision: download them, or name another folder. */
export class MissingDataError extends NudgeError {}

/** No mirror gave the file that was asked for. Decision: try again later, another mirror, or fetch it by hand. */
export class DownloadError extends NudgeError {}

/** Something was used after `dispose()`. Decision: create a new one. */
export class DisposedError extends NudgeError {}
