/** The page's end of the connection to a worker: calls its tasks, starts its threads, and notices its end. */
import { BrowserError } from '../../errors.ts';
import { decodeError } from '../wire.ts';
import type { Port, Reply, Request, TaskMap } from './messages.ts';

export interface CallOptions<Event> {
  /** Receives the task's events, in order. */
  readonly onEvent?: (event: Event) => void;
  /** Stops the task, which may return what is finished. If it throws instead, the call throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The worker counts as dead when it is silent for a minute. */
const checkMs = 5000;
const maxSilentChecks = 12;

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  take(event: unknown): void;
}

export interface WorkerOptions {
  /** What the worker is for, in error messages: 'benchmark'. */
  readonly name: string;
  /** Ends the worker. */
  readonly terminate: () => void;
  /** Connects a port with a library in Node. @returns ends the connection */
  readonly connectPeer?: ((port: MessagePort) => () => void) | undefined;
}

/** A worker with the tasks of the map `Tasks`. */
export class TaskWorker<Tasks extends TaskMap<Tasks>> {
  readonly #port: Port;
  readonly #options: WorkerOptions;
  readonly #calls = new Map<number, Call>();
  /** Each ends a thread or another connection. */
  readonly #ends: (() => void)[] = [];
  readonly #watch: ReturnType<typeof setInterval>;
  #silentChecks = 0;
  #lastId = 0;
  #failure: BrowserError | undefined;
  #becomeReady!: (hasAdapter: boolean) => void;
  #failToStart!: (error: Error) => void;
  /** Resolves when the worker knows whether it has a WebGPU adapter. */
  readonly hasAdapter = new Promise<boolean>((resolve, reject) => {
    this.#becomeReady = resolve;
    this.#failToStart = reject;
  });

  constructor(port: Port, options: WorkerOptions) {
    this.#port = port;
    this.#options = options;
    port.onmessage = ({ data, ports }: MessageEvent<Reply>) => this.#take(data, ports);
    port.onmessageerror = () => this.#fail('its message could not be read');
    this.#watch = setInterval(() => {
      if (++this.#silentChecks <= maxSilentChecks) return;
      this.#fail(`it was silent for ${(checkMs * maxSilentChecks) / 1000} s`);
    }, checkMs);
    // Nothing awaits this promise after the start, so its rejection must not count as unhandled.
    this.hasAdapter.catch(() => undefined);
  }

  /** @param program a worker that has just been started */
  static of<Tasks extends TaskMap<Tasks>>(
    program: Worker,
    options: Omit<WorkerOptions, 'terminate'>,
  ): TaskWorker<Tasks> {
    const terminate = () => program.terminate();
    const worker = new TaskWorker<Tasks>(program, { ...options, terminate });
    program.onerror = (event) => {
      event.preventDefault();
      worker.#fail(event.message || 'its script could not be loaded');
    };
    return worker;
  }

  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Calls a task.
   * @throws the task's error in its own class, or the signal's reason
   * @throws {BrowserError} if the worker has ended, or the arguments or the result cannot be copied
   */
  async call<Name extends keyof Tasks>(
    task: Name,
    args: Tasks[Name]['arguments'],
    { onEvent, signal }: CallOptions<Tasks[Name]['event']> = {},
  ): Promise<Tasks[Name]['value']> {
    if (this.#failure) throw this.#failure;
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    const send = (request: Request) => this.#send(request);
    const stop = () => send({ type: 'stop', id });
    const value = new Promise<unknown>((resolve, reject) => {
      const take = (event: unknown) => onEvent?.(event);
      this.#calls.set(id, { resolve, reject, take });
    });
    try {
      send({ type: 'start', id, task: task as string, args });
      signal?.addEventListener('abort', stop, { once: true });
      return await value;
    } catch (error) {
      throw signal?.aborted === true && this.isAlive ? signal.reason : error;
    } finally {
      this.#calls.delete(id);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Ends the worker, whatever it is doing. */
  end(): void {
    this.#fail('it was ended');
  }

  #send(request: Request): void {
    try {
      this.#port.postMessage(request);
    } catch (cause) {
      // There may be no memory for the copy.
      throw new BrowserError(
        `A worker of the ${this.#options.name} could not be sent its task: ${(cause as Error).message.replace(/\.$/, '')}. Start again; if it happens again, use less data.`,
        { cause },
      );
    }
  }

  #take(reply: Reply, ports: readonly MessagePort[]): void {
    // Messages that were under way when it ended. Nothing would end a connection that they ask for.
    if (!this.isAlive) return;
    this.#silentChecks = 0;
    switch (reply.type) {
      case 'ready':
        this.#becomeReady(reply.hasAdapter);
        break;
      case 'alive':
        break;
      case 'unread':
        this.#fail('it could not read a message');
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
        this.#ends.push(this.#options.connectPeer!(ports[0]!));
        break;
    }
  }

  async #startThread(work: MessagePort, control: MessagePort): Promise<void> {
    const { startPageThread } = await import('./pageThread.ts');
    if (this.isAlive) this.#ends.push(startPageThread(work, control));
  }

  #fail(reason: string): void {
    if (this.#failure) return;
    clearInterval(this.#watch);
    this.#options.terminate();
    for (const end of this.#ends) end();
    this.#failure = new BrowserError(
      `A worker of the ${this.#options.name} ended: ${reason.replace(/\.$/, '')}. Start again, or reload the page if it happens again.`,
    );
    this.#failToStart(this.#failure);
    for (const call of this.#calls.values()) call.reject(this.#failure);
  }
}
