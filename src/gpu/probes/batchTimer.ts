/**
 * Times commands on the queue, from the submit until the host knows that they are done.
 *
 * Some browsers check for finished work only on a timer (Firefox: every 100 ms) and on each submit (bugzilla 1870699;
 * the workaround comes from jax-js). If a first wait for an idle GPU takes long, this timer keeps making empty submits
 * while it waits. The rest of the wait is part of every time and cancels in a slope.
 */
import type { Device } from '../device.ts';
import { Passes } from '../program.ts';
import { Readback } from '../readback.ts';

/** A longer wait for an idle GPU was waiting for a browser timer, not for the GPU. */
const promptMs = 4;
/** Milliseconds between two empty submits. More submits would flood the queue between the browser processes. */
const pokeEveryMs = 1;
/** For this long, a wait checks after every task. Then it sleeps, to leave the cores to the timed work. */
const alertMs = 5;
const waitsTried = 3;
/** Minimum duration of a batch: long compared with the 0.1 ms clock resolution of some browsers. */
const batchMs = 5;
/** Minimum duration of a batch with empty submits: long compared with the 4 ms minimum timeout of browsers. */
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

  /** @throws the signal's reason, here and in every method; also the errors of a failing device */
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

  /** Whether empty submits shorten waits in this browser. */
  get pokes(): boolean {
    return this.#pokes;
  }

  /** Seconds that a wait for an idle GPU takes. */
  get emptySeconds(): number {
    return this.#emptySeconds;
  }

  /** Minimum seconds of timed work for which the delay of the notification does not matter. */
  get minSeconds(): number {
    return this.#pokes ? pokedBatchMs / 1000 : Math.max(batchMs / 1000, 4 * this.#emptySeconds);
  }

  /**
   * Records commands, submits them and waits for them.
   * @returns seconds from the submit until they are done
   */
  async run(record: (passes: Passes) => void): Promise<number> {
    this.#signal?.throwIfAborted();
    const { gpu } = this.#device;
    const encoder = gpu.createCommandEncoder({ label: 'probe' });
    const passes = new Passes(encoder, 'probe');
    record(passes);
    passes.end();
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

  /**
   * Returns the seconds from the submit of a 4-byte copy until the host has the bytes, with or without empty submits.
   */
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
      // Except for the very first wait, one long wait is enough to detect a browser timer.
      if (i > 0 && min > promptMs / 1000) break;
    }
    return min;
  }

  async #poke<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    // The promise is awaited below; an earlier rejection must not count as unhandled.
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

/** Waits for a turn of the event loop, without the 4 ms minimum timeout of browsers. */
class Turns {
  readonly #channel = new MessageChannel();

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#channel.port1.onmessage = () => resolve();
      this.#channel.port2.postMessage(undefined);
    });
  }

  /** Closes the channel, because an open one keeps the Node process alive. */
  close(): void {
    this.#channel.port1.close();
  }
}
