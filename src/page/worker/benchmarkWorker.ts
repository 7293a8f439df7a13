/** The page's end of the connection to the worker: starts it, calls its tasks, and notices its end. */
import type { PeerAnswer } from '../../benchmark/peers/remote.ts';
import { BrowserError } from '../../errors.ts';
import type { PeerQuestion } from '../jobs/benchArguments.ts';
import { decodeError } from '../wire.ts';
import type { Port, Reply, Request, TaskName, Tasks } from './protocol.ts';
import { trustOwnScripts } from './trust.ts';

export interface CallOptions<Event> {
  /** Receives the task's events, in order. */
  readonly onEvent?: (event: Event) => void;
  /** Stops the task, which may return what is finished. If it throws instead, the call throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Asks the Node program that drives the page. */
export type AskBeyond = (question: PeerQuestion) => Promise<unknown>;

let lastPeer = 0;

/** The worker counts as dead when it is silent for a minute. */
const checkMs = 5000;
const maxSilentChecks = 12;

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  take(event: unknown): void;
}

export class BenchmarkWorker {
  readonly #port: Port;
  readonly #terminate: () => void;
  readonly #askBeyond: AskBeyond | undefined;
  readonly #calls = new Map<number, Call>();
  /** Each ends a thread or a connection to a library. */
  readonly #ends: (() => void)[] = [];
  readonly #watch: ReturnType<typeof setInterval>;
  #silentChecks = 0;
  #lastId = 0;
  #failure: BrowserError | undefined;
  #becomeReady!: (hasAdapter: boolean) => void;
  #failToStart!: (error: Error) => void;
  readonly #ready = new Promise<boolean>((resolve, reject) => {
    this.#becomeReady = resolve;
    this.#failToStart = reject;
  });

  private constructor(port: Port, terminate: () => void, askBeyond: AskBeyond | undefined) {
    this.#port = port;
    this.#askBeyond = askBeyond;
    this.#terminate = terminate;
    port.onmessage = ({ data, ports }: MessageEvent<Reply>) => this.#take(data, ports);
    this.#watch = setInterval(() => {
      if (++this.#silentChecks <= maxSilentChecks) return;
      this.#fail(`it was silent for ${(checkMs * maxSilentChecks) / 1000} s`);
    }, checkMs);
    // Nothing awaits this promise after the start, so its rejection must not count as unhandled.
    this.#ready.catch(() => undefined);
  }

  /**
   * Starts the worker. If the page has a GPU and workers have none, the page's own thread does the work, less smoothly.
   * @param hasAdapter whether the page found one
   * @param askBeyond undefined if no program drives the page
   * @throws {BrowserError} if it does not start
   */
  static async start(hasAdapter: boolean, askBeyond?: AskBeyond): Promise<BenchmarkWorker> {
    trustOwnScripts();
    const program = new Worker(new URL('./main.ts', import.meta.url), {
      type: 'module',
      name: 'nudge benchmark',
    });
    const worker = new BenchmarkWorker(program, () => program.terminate(), askBeyond);
    program.onerror = (event) => {
      event.preventDefault();
      worker.#fail(event.message || 'its script could not be loaded');
    };
    program.onmessageerror = () => worker.#fail('its message could not be read');
    const workerHasAdapter = await worker.#ready;
    if (workerHasAdapter || !hasAdapter) return worker;
    worker.end();
    return await BenchmarkWorker.#inPage(askBeyond);
  }

  static async #inPage(askBeyond: AskBeyond | undefined): Promise<BenchmarkWorker> {
    const { serve } = await import('./serve.ts');
    const { port1, port2 } = new MessageChannel();
    const worker = new BenchmarkWorker(port1, () => port1.close(), askBeyond);
    serve(port2);
    await worker.#ready;
    return worker;
  }

  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Calls a task.
   * @throws the task's error in its own class, or the signal's reason
   * @throws {BrowserError} if the worker has ended
   */
  async call<Name extends TaskName>(
    task: Name,
    args: Tasks[Name]['arguments'],
    { onEvent, signal }: CallOptions<Tasks[Name]['event']> = {},
  ): Promise<Tasks[Name]['value']> {
    if (this.#failure) throw this.#failure;
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    const send = (request: Request) => this.#port.postMessage(request);
    const stop = () => send({ type: 'stop', id });
    const value = new Promise<unknown>((resolve, reject) => {
      const take = (event: unknown) => onEvent?.(event as Tasks[Name]['event']);
      this.#calls.set(id, { resolve, reject, take });
    });
    try {
      send({ type: 'start', id, task, args });
      signal?.addEventListener('abort', stop, { once: true });
      return (await value) as Tasks[Name]['value'];
    } catch (error) {
      throw signal?.aborted === true && this.isAlive ? signal.reason : error;
    } finally {
      this.#calls.delete(id);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Tells the worker that the page is hidden. */
  hide(): void {
    this.#port.postMessage({ type: 'hide' } satisfies Request);
  }

  /** Ends the worker, whatever it is doing. */
  end(): void {
    this.#fail('it was ended');
  }

  #take(reply: Reply, ports: readonly MessagePort[]): void {
    this.#silentChecks = 0;
    switch (reply.type) {
      case 'ready':
        this.#becomeReady(reply.hasAdapter);
        break;
      case 'alive':
        break;
      case 'event':
        this.#calls.get(reply.id)?.take(reply.event);
        break;
      case 'done':
        this.#calls.get(reply.id)?.resolve(reply.value);
        break;
      case 'failed':
        this.#calls.get(reply.id)?.reject(decodeError(reply.error));
        break;
      case 'thread':
        void this.#startThread(ports[0]!, ports[1]!);
        break;
      case 'peer':
        this.#connectPeer(ports[0]!);
        break;
    }
  }

  async #startThread(work: MessagePort, control: MessagePort): Promise<void> {
    const { startPageThread } = await import('./pageThread.ts');
    if (this.isAlive) this.#ends.push(startPageThread(work, control));
  }

  #connectPeer(port: MessagePort): void {
    const peer = ++lastPeer;
    const ask = async (request: PeerQuestion['request']) => {
      if (!this.#askBeyond) throw new Error('it runs with `nudge bench` only');
      return await this.#askBeyond({ type: 'peer', peer, request });
    };
    port.onmessage = ({ data }: MessageEvent<PeerQuestion['request']>) => {
      const answer = (answer: PeerAnswer) => port.postMessage(answer);
      ask(data).then(
        (value) => answer({ type: 'done', value }),
        (error: unknown) => answer({ type: 'failed', message: (error as Error).message }),
      );
    };
    this.#ends.push(() => void ask({ type: 'end' }).catch(() => undefined));
  }

  #fail(reason: string): void {
    if (this.#failure) return;
    clearInterval(this.#watch);
    this.#terminate();
    for (const end of this.#ends) end();
    this.#failure = new BrowserError(
      `A worker of the benchmark ended: ${reason.replace(/\.$/, '')}. Start again, or reload the page if it happens again.`,
    );
    this.#failToStart(this.#failure);
    for (const call of this.#calls.values()) call.reject(this.#failure);
  }
}
