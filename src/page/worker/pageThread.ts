/** Threads of the CPU engine that the page starts for its worker; `startThreadsBy` says why. */
import { startThreadWorker, type WebWorker } from '../../cpu/thread.ts';
import type { Port, Reply } from './messages.ts';

/** The worker's end: asks the page to start a thread, and behaves as that thread. */
export class PageThread implements WebWorker {
  onmessage: WebWorker['onmessage'] = null;
  onmessageerror: WebWorker['onmessageerror'] = null;
  onerror: WebWorker['onerror'] = null;
  readonly #work = new MessageChannel();
  readonly #control = new MessageChannel();

  constructor(page: Port) {
    const [work, control] = [this.#work.port1, this.#control.port1];
    work.onmessage = (event) => this.onmessage?.(event);
    work.onmessageerror = (event) => this.onmessageerror?.(event);
    control.onmessage = ({ data }: MessageEvent<string>) =>
      this.onerror?.(new ErrorEvent('error', { message: data }));
    page.postMessage({ type: 'thread' } satisfies Reply, {
      transfer: [this.#work.port2, this.#control.port2],
    });
  }

  postMessage(message: unknown): void {
    this.#work.port1.postMessage(message);
  }

  terminate(): void {
    this.#control.port1.postMessage('end');
    this.#work.port1.close();
  }
}

/**
 * The page's end: starts the thread.
 * @param work is passed to the thread
 * @param control sends errors, and receives the request to end
 * @returns ends the thread
 */
export function startPageThread(work: MessagePort, control: MessagePort): () => void {
  try {
    const thread = startThreadWorker();
    thread.onerror = (event) => {
      event.preventDefault();
      control.postMessage(event.message || 'it did not start');
    };
    control.onmessage = () => thread.terminate();
    thread.postMessage(work, [work]);
    return () => thread.terminate();
  } catch (error) {
    // A content security policy may forbid workers.
    control.postMessage(String(error));
    return () => undefined;
  }
}
