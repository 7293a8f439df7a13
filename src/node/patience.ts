/**
 * Stops Dawn in Node from busy-waiting.
 *
 * While one of its promises is pending, the package `webgpu` polls for finished work in every turn of the event loop,
 * by calling `setImmediate` again and again. This takes a whole core while the GPU works. On a machine with two cores
 * that computes WebGPU in software, it takes half of the computing power. (dawn-gpu/node-webgpu, issue 17, describes
 * the same polling with nothing pending, which version 0.6 fixed.)
 *
 * Dawn looks up `globalThis.setImmediate` whenever it calls it. So this module replaces it while a function of Dawn
 * runs, and only then. No other code sees the replacement.
 */
import { setImmediate, setTimeout } from 'node:timers';

/** Time of polling in every turn. Short work is noticed at once, which helps programs that read back every step. */
const alertMs = 2;
/** Interval of polling after that, the shortest that Node's timers have. */
const restMs = 1;

export interface Clock {
  readonly now: () => number;
  /** Calls back in the next turn of the event loop. */
  readonly soon: (callback: () => void) => unknown;
  readonly later: (callback: () => void, ms: number) => unknown;
}

const ownClock: Clock = {
  now: () => performance.now(),
  // Use the module's timers, because a program may have replaced the global ones.
  soon: (callback) => setImmediate(callback),
  later: (callback, ms) => setTimeout(callback, ms),
};

/** Decides how often Dawn looks for finished work. */
export class Patience {
  readonly #clock: Clock;
  /** Time at which a wait last began or ended. */
  #lastNews = -Infinity;

  constructor(clock: Clock = ownClock) {
    this.#clock = clock;
  }

  /** Calls a function of Dawn that begins a wait, and makes its polling slower. */
  begin<T>(call: () => Promise<T>): Promise<T> {
    this.#noteNews();
    // `finally` passes the result on unchanged, so that an unhandled rejection stays unhandled.
    return this.#run(call).finally(() => this.#noteNews());
  }

  #noteNews(): void {
    this.#lastNews = this.#clock.now();
  }

  /** Runs a function of Dawn with a `setImmediate` that calls `#schedule`. */
  #run<T>(call: () => T): T {
    const { setImmediate: usual } = globalThis;
    // It takes arguments and returns a handle, because Dawn may call the program's own error listeners from inside.
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

/** The methods that begin a wait, by class. */
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

/**
 * Methods whose result depends on the object that made it. If that object is collected first, Dawn ends the process, so
 * the result keeps a reference to it.
 */
const keepsItsMaker: ReadonlySet<string> = new Set(['requestAdapter', 'requestDevice']);
const maker = Symbol('maker');

function keep(value: unknown, of: unknown): unknown {
  if (typeof value === 'object' && value !== null) Object.assign(value, { [maker]: of });
  return value;
}

/** Changes Dawn's classes so that they wait without spinning. Later calls do nothing. Skips methods that a version lacks. */
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
