/**
 * One thread that runs the kernels: a worker, of the kind that this runtime has, and the same few lines in it
 * everywhere. They are text, because a file of its own would have to be found by every bundler and every runtime. In a page
 * whose policy forbids such workers, the page's thread computes.
 */

/** What a thread is sent: kernels to take, calls of them, or nothing, upon which it lets the kernels go. */
export type Request =
  | Record<string, never>
  | { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }
  | {
      readonly call: string;
      readonly arguments: readonly (number | boolean)[];
      /** How often; default once. */
      readonly times?: number;
    };

/** What it answers to every request. */
interface Answer {
  readonly error?: string;
  /** Milliseconds that each call took. */
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
// Where another thread than the one that asks has started it, a port to that one comes first.
const inBrowser = `
self.onmessage = ({ data }) => {
  if (data instanceof MessagePort) data.onmessage = (event) => data.postMessage(reply(event.data));
  else self.postMessage(reply(data));
};`;

/** A worker of either kind, as far as it is used. */
interface AnyWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** A worker of the web, as far as it is used. */
export interface WebWorker extends AnyWorker {
  onmessage: ((event: MessageEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** `node:worker_threads`, as far as it is used. */
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

/**
 * A module of Node's, which Deno and Bun have too. Not imported, so that bundlers for browsers do not look for it.
 */
function builtin(name: string): unknown {
  interface WithBuiltins {
    readonly process?: { getBuiltinModule?(name: string): unknown };
  }
  return (globalThis as WithBuiltins).process?.getBuiltinModule?.(name);
}

/** Their threads, unlike workers of the web, need not keep a process alive. */
const nodeWorkers = () => builtin('node:worker_threads') as NodeWorkers | undefined;

/** Why this runtime has no threads that share memory; undefined where it has. */
export function obstacleToThreads(): string | undefined {
  if (!nodeWorkers()) {
    // Without isolation a page may make shared memory, but not hand it to a worker.
    const isIsolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
    if (!isIsolated) return 'the page is not cross-origin isolated';
    if (typeof Worker === 'undefined') return 'this runtime has no workers';
  }
  return typeof SharedArrayBuffer === 'undefined' ? 'this runtime has no shared memory' : undefined;
}

/** How many threads this machine runs at a time, as far as it tells. */
export function availableThreads(): number {
  const system = builtin('node:os') as { availableParallelism(): number } | undefined;
  return system?.availableParallelism() ?? Math.max(1, navigator.hardwareConcurrency);
}

let startWebWorker: () => WebWorker = startThreadWorker;

/**
 * Has threads started in another way from now on: in a worker, by its page. Firefox (153) may never come back from
 * `new Worker` in a worker while another one ends, which hung one run of the benchmark in four.
 */
export function startThreadsBy(start: () => WebWorker): void {
  startWebWorker = start;
}

/** A worker of the web with the threads' program. */
export function startThreadWorker(): Worker {
  return new Worker(scriptAddress());
}

/** A worker cannot be started here: a policy forbids it, or the system has no more threads. */
export class ThreadStartError extends Error {}

export class Thread {
  readonly #worker: AnyWorker;
  readonly #hold: (isBusy: boolean) => void;
  #waiting:
    { resolve(milliseconds: readonly number[]): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;
  /** Whether it has answered anything. */
  #isStarted = false;

  /** @throws {ThreadStartError} where a policy forbids it; some browsers say so at the first request only */
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
      // Without the process's own flags, which may load half a toolchain.
      const worker = new workers.Worker(program + inNode, { eval: true, execArgv: [] });
      worker.unref();
      worker.on('message', (answer) => this.#settle(answer as Answer));
      worker.on('error', (error) => this.#fail(String(error)));
      worker.on('exit', (code) => this.#fail(`it ended with exit code ${String(code)}`));
      this.#worker = worker;
      this.#hold = (isBusy) => (isBusy ? worker.ref() : worker.unref());
    } else {
      const worker = startWebWorker();
      worker.onmessage = ({ data }) => this.#settle(data as Answer);
      worker.onmessageerror = () => this.#fail('it could not read what it was sent');
      worker.onerror = (event) => {
        event.preventDefault();
        this.#fail(event.message || 'it did not start');
      };
      this.#worker = worker;
      this.#hold = () => undefined;
    }
  }

  /**
   * Resolves once the request is carried out, to the milliseconds that each call took; one at a time.
   * @throws {ThreadStartError} where the worker fails before its first answer
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

  /** Ends it, whatever it is doing, and fails what it was asked for. */
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

/** Where the program is, in a form that a page which asks for trusted types takes. */
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
