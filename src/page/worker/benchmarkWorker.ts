/** The page's side of the line: starts the worker, has tasks done by it, and notices when it is gone. */
import type { PeerAnswer } from '../../benchmark/peers/remote.ts';
import { BrowserError } from '../../errors.ts';
import type { PeerQuestion } from '../jobs/benchArguments.ts';
import { decodeError } from '../wire.ts';
import type { Port, Reply, Request, TaskName, Tasks } from './protocol.ts';
import { trustOwnScripts } from './trust.ts';

export interface CallOptions<Event> {
  /** Takes what the task tells, in its order. */
  readonly onEvent?: (event: Event) => void;
  /** Tells the task to stop; it may give what is finished, and if it gives an error the call throws the reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Has the program beyond the page answer. */
export type AskBeyond = (question: PeerQuestion) => Promise<unknown>;

let lastPeer = 0;

/** Between two looks whether the worker says anything, and how many it may miss: a minute. */
const lookMs = 5000;
const maxMissed = 12;

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
  readonly #ends: (() => void)[] = [];
  readonly #watch: ReturnType<typeof setInterval>;
  /** Looks since the last word. */
  #missed = 0;
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
    this.#watch = setInterval(() => this.#look(), lookMs);
    // After the start, no call waits for this promise: its failure must not count as unhandled.
    this.#ready.catch(() => undefined);
  }

  /**
   * Starts the worker. Where the page has a GPU and workers have none, the page's own thread does the work: less
   * smoothly, but with the GPU.
   * @param hasAdapter whether the page found one
   * @param askBeyond missing where no program drives the page
   * @throws {BrowserError} when it does not start
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
      worker.#fail(event.message || 'its program could not be loaded');
    };
    program.onmessageerror = () => worker.#fail('what it sent could not be read');
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

  /** Whether it can be asked for anything more. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Has a task done.
   * @throws what the task throws, in its own class; the signal's reason
   * @throws {BrowserError} when the worker is gone
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
      this.#calls.set(id, {
        resolve,
        reject,
        take: (event) => onEvent?.(event as Tasks[Name]['event']),
      });
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

  /** Tells it that the page is hidden. */
  hide(): void {
    this.#port.postMessage({ type: 'hide' } satisfies Request);
  }

  /** Ends it, whatever it is doing. */
  end(): void {
    this.#fail('it was ended');
  }

  #take(reply: Reply, ports: readonly MessagePort[]): void {
    this.#missed = 0;
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
      if (!this.#askBeyond) throw new Error('it runs beside `nudge bench` alone');
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

  #look(): void {
    if (++this.#missed > maxMissed) {
      this.#fail(`it has said nothing for ${(lookMs * maxMissed) / 1000} s`);
    }
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
