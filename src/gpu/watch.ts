import { DeviceLostError, type NudgeError } from '../errors.ts';

/**
 * Stands guard over promises that WebGPU may never settle.
 *
 * When a device is lost, `mapAsync`, `onSubmittedWorkDone` and `popErrorScope` are supposed to reject or resolve,
 * and in browsers of today some of them just hang (Chrome's CTS limits its own waits for that reason). So every
 * wait races the loss of the device and a time limit. Work is queued in order, so the limit counts from the last
 * sign of life: a long queue is no hang as long as something in it finishes now and then.
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

  /** Settles as `promise` does, or rejects when the device is lost or stuck before it has. */
  race<T>(what: string, promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure) {
        // What the abandoned promise does later is of no use any more.
        promise.catch(() => undefined);
        reject(this.#failure);
        return;
      }
      const waiting: Waiting = { what, reject };
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
          // WebGPU rejects what is pending a moment before, or after, it says why in `device.lost`.
          setTimeout(() => reject(this.#failure ?? asError(error)), 0);
        },
      );
    });
  }

  /** Rejects everything that waits, now and from now on. Only the first reason counts. */
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
      // A tick that comes late means that this thread was busy or suspended, and could not have seen a
      // sign of life; that time is not the device's.
      const lateness = Math.max(0, now - this.#lastTick - interval);
      if (lateness > interval) this.#lastSignOfLife += lateness;
      this.#lastTick = now;
      if (now - this.#lastSignOfLife < this.#timeoutMs - interval) {
        this.#timer = setTimeout(tick, interval);
        return;
      }
      const [first] = this.#waiting;
      this.stop(
        new DeviceLostError(
          'timeout',
          `The GPU has finished nothing for ${Math.round(this.#timeoutMs)} ms while ${first?.what ?? 'at work'}, and counts as lost. ` +
            'Request a new device; if a single step takes that long here, raise timeoutMs or use a smaller mini-batch.',
        ),
      );
    };
    this.#timer = setTimeout(tick, interval);
  }
}

interface Waiting {
  readonly what: string;
  readonly reject: (error: NudgeError) => void;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The error of a lost device, from what WebGPU says about it. */
export function lostError(info: GPUDeviceLostInfo): DeviceLostError {
  return new DeviceLostError(
    info.reason === 'destroyed' ? 'destroyed' : 'unknown',
    `The GPU device was lost (${info.message || info.reason}). ` +
      'What was trained since the last save is gone; request a new device and start from there.',
  );
}
