import { ConfigurationError, DeviceLostError, type NudgeError } from '../errors.ts';
import { show } from '../network/arguments.ts';

/**
 * Guards promises that WebGPU may never settle.
 *
 * When a device is lost, `mapAsync`, `onSubmittedWorkDone` and `popErrorScope` should reject or resolve, but in current
 * browsers some of them hang (Chrome's CTS limits its own waits for that reason). Therefore every wait races against
 * the loss of the device and a time limit. Work completes in queue order, so the limit counts from the last completion:
 * a long queue does not time out while its work keeps finishing. Work that is known to take long may get more time.
 */
export class Watch {
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();
  #failure: NudgeError | undefined;
  #lastSignOfLife = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastTick = 0;

  constructor(lost: Promise<GPUDeviceLostInfo>, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    void lost.then((info) => this.stop(lostError(info)));
  }

  throwIfLost(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Why the device counts as lost or destroyed, if it does. */
  get failure(): NudgeError | undefined {
    return this.#failure;
  }

  /**
   * Settles like `promise`, or rejects first if the device is lost or stuck.
   * @param patienceMs the time that this work may take, if it is longer than the time limit
   */
  race<T>(what: string, promise: Promise<T>, patienceMs = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure) {
        // Ignore how the abandoned promise settles.
        promise.catch(() => undefined);
        reject(this.#failure);
        return;
      }
      const waiting: Waiting = { what, reject, patienceMs };
      if (this.#waiting.size === 0) this.#lastSignOfLife = performance.now();
      this.#waiting.add(waiting);
      this.#arm();
      promise.then(
        (value) => {
          this.#settle(waiting);
          resolve(value);
        },
        (error: unknown) => {
          this.#settle(waiting);
          // WebGPU rejects pending promises shortly before or after it settles `device.lost` with the reason.
          setTimeout(() => reject(this.#failure ?? asError(error)), 0);
        },
      );
    });
  }

  /** Rejects all pending and all future waits. Only the first reason counts. */
  stop(failure: NudgeError): void {
    this.#failure ??= failure;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { reject } of this.#waiting) reject(this.#failure);
    this.#waiting.clear();
  }

  #settle(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    this.#lastSignOfLife = performance.now();
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const interval = Math.min(this.#timeoutMs / 4, 500);
    this.#lastTick = performance.now();
    const tick = () => {
      const now = performance.now();
      // A late tick means that this thread was busy or suspended and could not notice completions. That time does not
      // count against the device.
      const lateness = Math.max(0, now - this.#lastTick - interval);
      if (lateness > interval) this.#lastSignOfLife += lateness;
      this.#lastTick = now;
      const waits = [...this.#waiting];
      const limitMs = Math.max(this.#timeoutMs, ...waits.map(({ patienceMs }) => patienceMs));
      if (now - this.#lastSignOfLife < limitMs - interval) {
        this.#timer = setTimeout(tick, interval);
        return;
      }
      this.stop(
        new DeviceLostError(
          'timeout',
          `The GPU has finished nothing for ${Math.round(limitMs)} ms while ${waits[0]?.what ?? 'at work'}, so it counts as lost. ` +
            'Request a new device. If the GPU was only slow, use a smaller mini-batch or a larger timeoutMs (of nudge train: --gpu-timeout).',
        ),
      );
    };
    this.#timer = setTimeout(tick, interval);
  }
}

interface Waiting {
  readonly what: string;
  readonly reject: (error: NudgeError) => void;
  readonly patienceMs: number;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The error for a lost device, from the information that WebGPU gives. */
export function lostError(info: GPUDeviceLostInfo): DeviceLostError {
  return new DeviceLostError(
    info.reason === 'destroyed' ? 'destroyed' : 'unknown',
    `The GPU device was lost (${info.message || info.reason}). ` +
      'What was computed on it and not read back is lost. Request a new device.',
  );
}

/** 24.8 days. JavaScript timers fire at once if the delay is longer. */
const maxTimeoutMs = 2 ** 31 - 1;

/** @throws {ConfigurationError} */
export function requireTimeout(timeoutMs: number | undefined): void {
  const isTimeout = typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= maxTimeoutMs;
  if (timeoutMs === undefined || isTimeout) return;
  throw new ConfigurationError(
    `timeoutMs must be a number of milliseconds greater than 0 and at most ${maxTimeoutMs}; got ${show(timeoutMs)}. The default is 5000 on most adapters.`,
  );
}
