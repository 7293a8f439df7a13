/** The worker's end of the connection: starts and stops tasks, and sends their events and results. */
import { BrowserError } from '../../errors.ts';
import { findWebGpu } from '../webgpu.ts';
import { encodeError } from '../wire.ts';
import type { Port, Reply, Request, TaskFunctions, TaskMap } from './messages.ts';

const aliveEveryMs = 1000;

/** Serves requests on `port`, in a worker, or in the page if workers have no WebGPU. */
export function serve<Tasks extends TaskMap<Tasks>>(port: Port, tasks: TaskFunctions<Tasks>): void {
  const stops = new Map<number, AbortController>();
  const reply = (message: Reply) => {
    try {
      port.postMessage(message);
    } catch (cause) {
      // There may be no memory for the copy.
      throw new BrowserError(
        `A worker could not send its result: ${(cause as Error).message.replace(/\.$/, '')}. Start again; if it happens again, use less data.`,
        { cause },
      );
    }
  };
  port.onmessageerror = () => reply({ type: 'unread' });
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    const { id } = data;
    if (data.type === 'stop') {
      stops.get(id)?.abort();
      return;
    }
    const stop = new AbortController();
    stops.set(id, stop);
    const emit = (event: unknown) => reply({ type: 'event', id, event });
    // `TaskWorker.call` has checked that the arguments are of this task.
    const task = tasks[data.task as keyof Tasks];
    // A task may throw before it gives a promise.
    const run = async () => await task(data.args, { signal: stop.signal, emit, port });
    const fail = (error: unknown) => reply({ type: 'failed', id, error: encodeError(error) });
    void run()
      .then((value) => reply({ type: 'done', id, value }))
      .catch(fail)
      // An error with a snapshot may be too large, too.
      .catch(fail)
      .finally(() => stops.delete(id));
  };
  setInterval(() => reply({ type: 'alive' }), aliveEveryMs);
  const gpu = (navigator as Partial<Navigator>).gpu;
  void findWebGpu(gpu, undefined).then(({ adapter }) =>
    reply({ type: 'ready', hasAdapter: adapter !== undefined }),
  );
}
