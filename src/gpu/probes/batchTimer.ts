/**
 * Times commands on the queue: from their submit until the host knows that they are done.
 *
 * Some browsers look for finished work on a timer only, Firefox every 100 ms, unless something is submitted: then
 * they look at once (bugzilla 1870699; the remedy is jax-js's). So where a first wait for nothing takes long, this
 * one keeps submitting nothing while it waits. What is left of the wait is in every time, and cancels in a slope.
 */
import type { Device } from '../device.ts';
import { Readback } from '../readback.ts';

/** A wait for nothing that takes longer was for a timer, not for the GPU. */
const promptMs = 4;
/** Between two empty submits: more of them would flood the queue between the processes of a browser. */
const pokeEveryMs = 1;
/** So long a wait looks after every task; after that it sleeps, to leave the cores to what is timed. */
const alertMs = 5;
const waitsTried = 3;
/** Beside the 0.1 ms in which the clock of some browsers ticks. */
const batchMs = 5;
/** Beside the 4 ms that browsers make of a shorter timeout. */
const pokedBatchMs = 16;

export class BatchTimer {
  readonly #device: Device;
  readonly #readback: Readback;
  readonly #signal: AbortSignal | undefined;
  #pokes = false;
  #emptySeconds = 0;

  private constructor(device: Device, readback: Readback, signal: AbortSignal | undefined) {
    this.#device = device;
    this.#readback = readback;
    this.#signal = signal;
  }

  /** @throws the signal's reason, here and in every method, and what a failing device throws */
  static async create(device: Device, signal?: AbortSignal): Promise<BatchTimer> {
    signal?.throwIfAborted();
    const readback = await Readback.create(device, 'probe', 4, 1);
    const timer = new BatchTimer(device, readback, signal);
    try {
      const plain = await timer.#minWait();
      if (plain > promptMs / 1000) {
        timer.#pokes = true;
        timer.#emptySeconds = await timer.#minWait();
        timer.#pokes = timer.#emptySeconds < plain / 2;
      }
      timer.#emptySeconds = timer.#pokes ? timer.#emptySeconds : plain;
      return timer;
    } catch (error) {
      timer.dispose();
      throw error;
    }
  }

  /** Whether waiting goes faster here with empty submits. */
  get pokes(): boolean {
    return this.#pokes;
  }

  /** Seconds that a wait for nothing takes. */
  get emptySeconds(): number {
    return this.#emptySeconds;
  }

  /** Seconds that what is timed has to take, for when the host hears of its end not to matter. */
  get minSeconds(): number {
    return this.#pokes ? pokedBatchMs / 1000 : Math.max(batchMs / 1000, 4 * this.#emptySeconds);
  }

  /**
   * Records commands, submits them and waits for them.
   * @returns seconds from the submit on
   */
  async run(record: (pass: GPUComputePassEncoder) => void): Promise<number> {
    this.#signal?.throwIfAborted();
    const { gpu } = this.#device;
    const encoder = gpu.createCommandEncoder({ label: 'probe' });
    const pass = encoder.beginComputePass({ label: 'probe' });
    record(pass);
    pass.end();
    const commands = encoder.finish();
    const start = performance.now();
    gpu.queue.submit([commands]);
    await this.settle();
    return (performance.now() - start) / 1000;
  }

  /** Waits for everything submitted so far. */
  async settle(): Promise<void> {
    const { bytes } = await this.#readback.read('a probe', []);
    await (this.#pokes ? this.#poke(bytes) : bytes);
    this.#signal?.throwIfAborted();
  }

  /** Seconds that reading 4 bytes back takes, from the submit of the copy on, with empty submits or without. */
  async readBack(pokes: boolean): Promise<number> {
    this.#signal?.throwIfAborted();
    const start = performance.now();
    const { bytes } = await this.#readback.read('a probe', []);
    await (pokes ? this.#poke(bytes) : bytes);
    return (performance.now() - start) / 1000;
  }

  dispose(): void {
    this.#readback.dispose();
  }

  async #minWait(): Promise<number> {
    let min = Infinity;
    for (let i = 0; i < waitsTried; i++) {
      min = Math.min(min, await this.readBack(this.#pokes));
      // A timer's period is long enough to tell at once, apart from the very first wait.
      if (i > 0 && min > promptMs / 1000) break;
    }
    return min;
  }

  async #poke<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    // It is awaited below; a rejection meanwhile must not count as unhandled.
    watched.catch(() => undefined);
    const turns = new Turns();
    try {
      const start = performance.now();
      let lastPoke = start;
      for (let now = start; !settled; now = performance.now()) {
        if (now - lastPoke >= pokeEveryMs) {
          this.#device.gpu.queue.submit([]);
          lastPoke = now;
        }
        if (now - start < alertMs) await turns.next();
        else await new Promise((resolve) => setTimeout(resolve, pokeEveryMs));
      }
      return await watched;
    } finally {
      turns.close();
    }
  }
}

/** Turns of the event loop, without the 4 ms that browsers make of a timeout. */
class Turns {
  readonly #channel = new MessageChannel();

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#channel.port1.onmessage = () => resolve();
      this.#channel.port2.postMessage(undefined);
    });
  }

  /** An open channel keeps Node from ending. */
  close(): void {
    this.#channel.port1.close();
  }
}
