/**
 * Keeps Dawn in Node from waiting at full speed.
 *
 * While a promise of its is open, the package `webgpu` polls for finished work in every turn of the event loop: it gives
 * its look to `setImmediate`, over and over. That takes a core for as long as the GPU works, and where the GPU is
 * itself made of the two cores of a small machine, as much of what it computes with. (dawn-gpu/node-webgpu, issue 17,
 * tells of the same with nothing to wait for, which version 0.6 has mended.)
 *
 * Dawn looks up `globalThis.setImmediate` whenever it calls it. So another one stands there while a function of Dawn's
 * runs, and only then: no other code sees it.
 */
import { setImmediate, setTimeout } from 'node:timers';

/** What is finished so soon is heard of at once: who reads every step back waits for that many times. */
const alertMs = 2;
/** From then on a look each; the shortest that Node's timers know. */
const restMs = 1;

export interface Clock {
  readonly now: () => number;
  /** Calls back in the next turn of the event loop. */
  readonly soon: (callback: () => void) => unknown;
  readonly later: (callback: () => void, ms: number) => unknown;
}

const ownClock: Clock = {
  now: () => performance.now(),
  // Those of the module: a program may have put its own into the global object.
  soon: (callback) => setImmediate(callback),
  later: (callback, ms) => setTimeout(callback, ms),
};

/** How often to look for finished work. */
export class Patience {
  readonly #clock: Clock;
  /** When a wait last began or ended. */
  #lastNews = -Infinity;

  constructor(clock: Clock = ownClock) {
    this.#clock = clock;
  }

  /** Calls what begins a wait, and is Dawn's, so that it is patient. */
  begin<T>(call: () => Promise<T>): Promise<T> {
    this.#noteNews();
    // The result is passed on unchanged: an unhandled rejection has to stay one.
    return this.#run(call).finally(() => this.#noteNews());
  }

  #noteNews(): void {
    this.#lastNews = this.#clock.now();
  }

  /** Runs a function of Dawn's with a `setImmediate` that comes back here. */
  #run<T>(call: () => T): T {
    const { setImmediate: usual } = globalThis;
    // With arguments and a handle, for an error listener, which Dawn calls from within and which is not ours.
    globalThis.setImmediate = ((look: (...values: unknown[]) => void, ...values: unknown[]) =>
      this.#schedule(() => look(...values))) as typeof usual;
    try {
      return call();
    } finally {
      globalThis.setImmediate = usual;
    }
  }

  #schedule(look: () => void): unknown {
    const next = () => this.#run(look);
    const isAlert = this.#clock.now() - this.#lastNews < alertMs;
    return isAlert ? this.#clock.soon(next) : this.#clock.later(next, restMs);
  }
}

/** The methods that begin a wait, by the class that has them. */
const waits = {
  GPU: ['requestAdapter'],
  GPUAdapter: ['requestDevice'],
  GPUBuffer: ['mapAsync'],
  GPUDevice: ['createComputePipelineAsync', 'createRenderPipelineAsync', 'popErrorScope'],
  GPUQueue: ['onSubmittedWorkDone'],
  GPUShaderModule: ['getCompilationInfo'],
} as const;

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;

interface Class {
  readonly prototype?: Record<string | symbol, unknown>;
}

const patient = Symbol.for('nudge.patient');

/** What gives an object that lives on the one it was asked of: without that, once collected, Dawn ends the process. */
const keepsItsMaker: ReadonlySet<string> = new Set(['requestAdapter', 'requestDevice']);
const maker = Symbol('maker');

function keep(value: unknown, of: unknown): unknown {
  if (typeof value === 'object' && value !== null) Object.assign(value, { [maker]: of });
  return value;
}

/** Makes Dawn's classes wait patiently, once however often it is called; what a version lacks is passed over. */
export function makePatient(classes: object, patience = new Patience()): void {
  for (const [name, methods] of Object.entries(waits)) {
    const prototype = (classes as Partial<Record<string, Class>>)[name]?.prototype;
    if (prototype === undefined || prototype[patient] === true) continue;
    prototype[patient] = true;
    for (const method of methods) {
      const own = prototype[method] as Method | undefined;
      if (own === undefined) continue;
      prototype[method] = function (this: unknown, ...args: unknown[]) {
        const made = patience.begin(() => own.apply(this, args));
        return keepsItsMaker.has(method) ? made.then((value) => keep(value, this)) : made;
      };
    }
  }
}
