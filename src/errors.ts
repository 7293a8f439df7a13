/**
 * The errors that nudge throws: one class per decision that a caller can take.
 *
 * A message states the fact, the numbers that disagree and the next step. The original error, if any,
 * is the `cause`.
 */

/** Base class of nudge's errors: `error instanceof NudgeError` separates them from bugs. */
export class NudgeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option or a combination of options is invalid. Decision: change the call. */
export class ConfigurationError extends NudgeError {}

/** No WebGPU adapter is available. Decision: use another backend, browser or machine. */
export class NoAdapterError extends NudgeError {}

/** The call requires threads, but they are not available. Decision: omit `threads`, or remove the obstacle. */
export class NoThreadsError extends NudgeError {}

/** A browser is missing, does not start, or disconnected. Decision: use another browser or runtime, or start again. */
export class BrowserError extends NudgeError {}

/** The request exceeds a limit of the device. Decision: use a smaller network or mini-batch, or streaming. */
export class LimitError extends NudgeError {}

/** The device ran out of memory. Decision: free memory, or ask for less. */
export class OutOfMemoryError extends NudgeError {}

/** The device was lost or stopped answering. Decision: request a new device and start again. */
export class DeviceLostError extends NudgeError {
  /** `timeout` means that the device stopped answering but did not report a loss. */
  readonly reason: 'destroyed' | 'unknown' | 'timeout';

  constructor(reason: DeviceLostError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * The device of a trainer was lost, and training could not go on by itself. Decision: create another trainer, on any
 * backend, and give `snapshot` to its `restore`.
 */
export class TrainingInterruptedError extends DeviceLostError {
  /** The last moment that was copied from the device: a `TrainingSnapshot`. */
  readonly snapshot: {
    readonly step: number;
    readonly epoch: number;
    readonly stepOfEpoch: number;
    readonly layers: readonly number[];
    readonly parameters: Float32Array | Float64Array;
    readonly moments: readonly (Float32Array | Float64Array)[];
  };

  constructor(
    reason: DeviceLostError['reason'],
    message: string,
    snapshot: TrainingInterruptedError['snapshot'],
    options?: ErrorOptions,
  ) {
    super(reason, message, options);
    this.snapshot = snapshot;
  }
}

/** A thread of the CPU engine ended or stopped answering. Decision: start again; if it recurs, use fewer threads. */
export class ThreadLostError extends NudgeError {}

/** WebGPU refused a shader or a pipeline, or reported invalid use. Decision: report a bug in nudge. */
export class ShaderError extends NudgeError {}

/**
 * A cost, a gradient, a parameter or an output is NaN or infinite. Decision: use a smaller learning rate or other
 * initial parameters.
 */
export class NonFiniteError extends NudgeError {}

/** A file is damaged or has another format. Decision: get the file again. */
export class FormatError extends NudgeError {
  /** Position of the fault in the (uncompressed) file, in bytes from its start. */
  readonly offset: number;

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}

/** A file cannot be read or written. Decision: name another file, or make room. */
export class FileError extends NudgeError {}

/** Expected files are missing or cannot be read. Decision: download them, or name another folder. */
export class MissingDataError extends NudgeError {}

/** No mirror delivered the file. Decision: try again later, try another mirror, or download it by hand. */
export class DownloadError extends NudgeError {}

/** An object was used after `dispose()`. Decision: create a new one. */
export class DisposedError extends NudgeError {}
