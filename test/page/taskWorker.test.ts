/** What the page does when its worker ends, falls silent, or a message between them is refused or cannot be read, at any message. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { BrowserError, LimitError } from '../../src/errors.ts';
import type { Port, Reply, Request, Task, TaskFunctions } from '../../src/page/worker/messages.ts';
import { serve } from '../../src/page/worker/serve.ts';
import { TaskWorker } from '../../src/page/worker/taskWorker.ts';

interface Tasks {
  double: Task<readonly number[], number, number[]>;
  refuse: Task<undefined, never, void>;
  /** Until it is stopped. */
  wait: Task<undefined, string, string>;
  connect: Task<undefined, never, void>;
}

const tasks: TaskFunctions<Tasks> = {
  double: (numbers, { emit }) => {
    numbers.forEach(emit);
    return Promise.resolve(numbers.map((n) => 2 * n));
  },
  refuse: () => Promise.reject(new LimitError('It is too large.')),
  wait: (_, { signal, emit }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'));
      emit('waiting');
    }),
  connect: (_, { port }) => {
    const { port1, port2 } = new MessageChannel();
    port1.close();
    port.postMessage({ type: 'peer' } satisfies Reply, { transfer: [port2] });
    return Promise.resolve();
  },
};

type FaultKind =
  /** It cannot be copied. */
  | 'refused'
  /** It arrives as something that cannot be read. */
  | 'unreadable'
  /** The worker ends instead, which the page hears. */
  | 'ends'
  /** The worker says and hears nothing any more. */
  | 'silent';

/** A worker and its page, between which the k-th message fails. They hear each other later, as real ones do. */
class Link {
  messages = 0;
  failed: string | undefined;
  isOver = false;
  readonly #k: number;
  readonly #kind: FaultKind;
  readonly page: Port = this.#end(() => this.worker);
  readonly worker: Port = this.#end(() => this.page);
  readonly program = Object.assign(this.page, {
    onerror: null as ((event: ErrorEvent) => void) | null,
    terminate: () => void (this.isOver = true),
  });

  constructor(k: number, kind: FaultKind) {
    this.#k = k;
    this.#kind = kind;
  }

  #end(other: () => Port): Port {
    const postMessage = (message: Request | Reply, options: StructuredSerializeOptions = {}) => {
      if (this.isOver) return;
      const fault = ++this.messages === this.#k ? this.#kind : undefined;
      if (fault) this.failed = message.type;
      if (fault === 'refused' && !['ready', 'alive', 'stop', 'peer'].includes(message.type)) {
        throw new DOMException('There is no memory for it.', 'DataCloneError');
      }
      if (fault === 'ends' || fault === 'silent') this.isOver = true;
      const event = { data: structuredClone(message), ports: options.transfer ?? [] };
      setImmediate(() => {
        if (fault === 'ends') {
          const event = { message: '', preventDefault: () => undefined };
          this.program.onerror?.(event as unknown as ErrorEvent);
        }
        if (this.isOver) return;
        const hear = fault === 'unreadable' ? other().onmessageerror : other().onmessage;
        hear?.(event as unknown as MessageEvent<never>);
      });
    };
    return { postMessage, onmessage: null, onmessageerror: null };
  }
}

beforeEach(() => {
  vi.stubGlobal('navigator', {});
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Everything that the page gets from its worker. */
async function everything(link: Link): Promise<string> {
  let connections = 0;
  const connectPeer = () => {
    connections++;
    return () => connections--;
  };
  const worker = TaskWorker.of<Tasks>(link.program as unknown as Worker, {
    ...{ name: 'test', connectPeer },
  });
  serve(link.worker, tasks);
  try {
    const given: unknown[] = [await worker.hasAdapter];
    const onEvent = (event: unknown) => given.push(event);
    given.push(
      await Promise.all([
        worker.call('double', [1, 2], { onEvent }),
        worker.call('double', [3], { onEvent }),
      ]),
    );
    const refusal = await worker.call('refuse', undefined).catch((error: unknown) => error);
    if (!(refusal instanceof LimitError)) throw refusal as Error;
    given.push(refusal.message);
    const { signal, abort } = abortable();
    const stopped = worker.call('wait', undefined, { signal, onEvent: abort });
    given.push(
      await stopped.catch((error: unknown) => {
        // A task that throws after it was stopped is one that was stopped.
        if (error !== signal.reason) throw error as Error;
        return 'stopped';
      }),
    );
    await worker.call('connect', undefined);
    given.push(connections);
    return JSON.stringify(given);
  } finally {
    worker.end();
    expect(connections).toBe(0);
    await expect(worker.call('wait', undefined)).rejects.toThrow(BrowserError);
  }
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** A minute passes at once when the worker has fallen silent. */
async function withoutWaiting<T>(link: Link, work: Promise<T>): Promise<T> {
  let isOver = false;
  const settled = work.finally(() => (isOver = true));
  while (!isOver) {
    await new Promise(setImmediate);
    if (link.failed !== undefined) vi.advanceTimersByTime(5_000);
  }
  return await settled;
}

describe('when one message between the page and its worker fails, whichever it is', () => {
  it.each<FaultKind>(['refused', 'unreadable', 'ends', 'silent'])(
    '%s: the page has the same results or one BrowserError, and the worker is ended',
    async (kind) => {
      const undisturbed = await everything(new Link(0, kind));
      expect(undisturbed).toBe('[false,1,2,3,[[2,4],[6]],"It is too large.","stopped",1]');
      for (let k = 1; ; k++) {
        const link = new Link(k, kind);
        const ended = everything(link).catch((error: unknown) => error);
        const outcome = await (kind === 'silent' ? withoutWaiting(link, ended) : ended);
        const where = `message ${k}, ${link.failed}: ${String(outcome)}`;
        expect(outcome === undisturbed || outcome instanceof BrowserError, where).toBe(true);
        expect(link.isOver, where).toBe(true);
        if (link.failed === undefined) break;
      }
    },
  );
});
