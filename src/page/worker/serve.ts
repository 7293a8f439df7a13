/** The worker's side of the line: starts tasks, stops them, and says how they ended. */
import { findWebGpu } from '../webgpu.ts';
import { encodeError } from '../wire.ts';
import type { Port, Reply, Request } from './protocol.ts';
import { hide, tasks } from './tasks.ts';

/** Between two signs of life. */
const aliveEveryMs = 1000;

/**
 * Does what is asked for over `port`, for as long as this thread lives. Runs in a worker, or in the page itself where
 * workers have no WebGPU.
 */
export function serve(port: Port): void {
  /** What stops each task under way. */
  const underway = new Map<number, AbortController>();
  const reply = (message: Reply) => port.postMessage(message);
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    switch (data.type) {
      case 'start': {
        const { id, task, args } = data;
        const stop = new AbortController();
        underway.set(id, stop);
        const emit = (event: unknown) => reply({ type: 'event', id, event });
        // The page has checked that the arguments are this task's.
        void tasks[task](args as never, { signal: stop.signal, emit, port })
          .then(
            (value) => reply({ type: 'done', id, value }),
            (error: unknown) => reply({ type: 'failed', id, error: encodeError(error) }),
          )
          .finally(() => underway.delete(id));
        break;
      }
      case 'stop':
        underway.get(data.id)?.abort();
        break;
      case 'hide':
        hide();
        break;
    }
  };
  setInterval(() => reply({ type: 'alive' }), aliveEveryMs);
  const gpu = (navigator as Partial<Navigator>).gpu;
  void findWebGpu(gpu, undefined).then(({ adapter }) =>
    reply({ type: 'ready', hasAdapter: adapter !== undefined }),
  );
}
