/**
 * A thread that runs the kernels: a web worker or a Node worker, with the same small program. The program is a string,
 * because a separate file would have to be found by every bundler and every runtime. If a page's policy forbids such
 * workers, the page's own thread computes.
 */

/** A message to a thread: kernels to load, a call of one, or an empty object that releases the kernels. */
export type Request =
  | Record<string, never>
  | { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }
  | {
      readonly call: string;
      readonly arguments: readonly (number | boolean)[];
      /** Number of calls. Default 1. */
      readonly times?: number;
    };

/** The answer to a request. */
interface Answer {
  readonly error?: string;
  /** Milliseconds of each call. */
  readonly milliseconds?: readonly number[];
}

const program = `
let kernels;
const answer = (request) => {
  if (request.module) {
    kernels = new WebAssembly.Instance(request.module, { env: { memory: request.memory } }).exports;
  } else if (request.call) {
    const milliseconds = [];
    for (let n = 0; n < (request.times ?? 1); n++) {
      const begin = performance.now();
      kernels[request.call](...request.arguments);
      milliseconds.push(performance.now() - begin);
    }
    return { milliseconds };
  } else {
    kernels = undefined;
  }
  return {};
};
const reply = (request) => {
  try {
    return answer(request);
  } catch (error) {
    return { error: String(error) };
  }
};`;
const inNode = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', (request) => parentPort.postMessage(reply(request)));`;
// If another thread has started the worker, the first message is a port to the thread that sends the requests.
const inBrowser = `
self.onmessage = ({ data }) => {
  if (data instanceof MessagePort) data.onmessage = (event) => data.postMessage(reply(event.data));
  else self.postMessage(reply(data));
};`;

/** The common part of web workers and Node workers that is used here. */
interface AnyWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** The part of a web worker that is used here. */
export interface WebWorker extends AnyWorker {
  onmessage: ((event: MessageEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** The part of `node:worker_threads` that is used here. */
interface NodeWorkers {
  readonly Worker: new (
    code: string,
    options: { readonly eval: true; readonly execArgv: readonly string[] },
  ) => AnyWorker & {
    on(event: string, listener: (value: unknown) => void): void;
    ref(): void;
    unref(): void;
  };
}

/** A built-in module of Node, Deno or Bun. It is not imported, because bundlers for browsers would look for it. */
function builtin(name: string): unknown {
  interface WithBuiltins {
    readonly process?: { getBuiltinModule?(name: string): unknown };
  }
  return (globalThis as WithBuiltins).process?.getBuiltinModule?.(name);
}

/** Node's workers. They are preferred in Deno and Bun too, because web workers keep the process alive. */
const nodeWorkers = () => builtin('node:worker_threads') as NodeWorkers | undefined;

/** Why this runtime has no threads that share memory; undefined if it has them. */
export function obstacleToThreads(): string | undefined {
  if (!nodeWorkers()) {
    // A page without isolation may create shared memory, but cannot send it to a worker.
    const isIsolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
    if (!isIsolated) return 'the page is not cross-origin isolated';
    if (typeof Worker === 'undefined') return 'this runtime has no workers';
  }
  return typeof SharedArrayBuffer === 'undefined' ? 'this runtime has no shared memory' : undefined;
}

/** The number of threads that this machine can run in parallel, as reported by the runtime. */
export function availableThreads(): number {
  const system = builtin('node:os') as { availableParallelism(): number } | undefined;
  return system?.availableParallelism() ?? Math.max(1, navigator.hardwareConcurrency);
}

let startWebWorker: () => WebWorker = startThreadWorker;

/**
 * Sets the function that starts threads. A worker uses it to have its page start them. In Firefox 153, `new Worker` in
 * a worker may never return while another worker ends, which hung one benchmark run in four.
 */
export function startThreadsBy(start: () => WebWorker): void {
  startWebWorker = start;
}

/** Starts a web worker with the threads' program. */
export function startThreadWorker(): Worker {
  return new Worker(scriptAddress());
}

/** A worker cannot start: a policy forbids it, or the system has no more threads. */
export class ThreadStartError extends Error {}

export class Thread {
  readonly #worker: AnyWorker;
  readonly #hold: (isBusy: boolean) => void;
  #waiting:
    { resolve(milliseconds: readonly number[]): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;
  /** Whether it has answered any request. */
  #isStarted = false;

  /** @throws {ThreadStartError} when a policy forbids workers. Some browsers report this only at the first request. */
  static start(): Thread {
    try {
      return new Thread();
    } catch (cause) {
      throw new ThreadStartError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  private constructor() {
    const workers = nodeWorkers();
    if (workers) {
      // The process's own flags are not inherited, because they may load a whole toolchain.
      const worker = new workers.Worker(program + inNode, { eval: true, execArgv: [] });
      worker.unref();
      worker.on('message', (answer) => this.#settle(answer as Answer));
      worker.on('messageerror', () => this.#fail('it could not read a message'));
      worker.on('error', (error) => this.#fail(String(error)));
      worker.on('exit', (code) => this.#fail(`it ended with exit code ${String(code)}`));
      this.#worker = worker;
      this.#hold = (isBusy) => (isBusy ? worker.ref() : worker.unref());
    } else {
      const worker = startWebWorker();
      worker.onmessage = ({ data }) => this.#settle(data as Answer);
      worker.onmessageerror = () => this.#fail('it could not read a message');
      worker.onerror = (event) => {
        event.preventDefault();
        this.#fail(event.message || 'it did not start');
      };
      this.#worker = worker;
      this.#hold = () => undefined;
    }
  }

  /**
   * Sends a request and resolves to the milliseconds of each call. Only one request may run at a time.
   * @throws {ThreadStartError} when the worker fails before its first answer
   */
  async request(request: Request): Promise<readonly number[]> {
    if (this.#failure) throw this.#failure;
    this.#hold(true);
    try {
      return await new Promise<readonly number[]>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#worker.postMessage(request);
      });
    } finally {
      this.#waiting = undefined;
      this.#hold(false);
    }
  }

  /** Terminates the worker and rejects its pending request. */
  end(reason: string): void {
    this.#fail(reason, Error);
    void this.#worker.terminate();
  }

  #settle({ error, milliseconds = [] }: Answer): void {
    this.#isStarted = true;
    if (error === undefined) this.#waiting?.resolve(milliseconds);
    else this.#waiting?.reject(new Error(error));
  }

  #fail(reason: string, ErrorClass = this.#isStarted ? Error : ThreadStartError): void {
    this.#failure ??= new ErrorClass(reason);
    this.#waiting?.reject(this.#failure);
  }
}

let address: string | undefined;

/** The URL of the program. Browsers with trusted types get a trusted URL, because a page may require it. */
function scriptAddress(): string {
  if (address !== undefined) return address;
  interface TrustedTypes {
    createPolicy(
      name: string,
      rules: { createScriptURL(value: string): string },
    ): { createScriptURL(value: string): string };
  }
  const blob = new Blob([program, inBrowser], { type: 'text/javascript' });
  const url = URL.createObjectURL(blob);
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('nudge-threads', { createScriptURL: (value) => value });
  address = policy ? policy.createScriptURL(url) : url;
  return address;
}
