/** Signs of life from a job that was told to stop and has not ended yet. */
import type { PageJobContext } from './pageJob.ts';

/** Sent once a second until the job has ended. */
export interface StoppingEvent {
  readonly type: 'stopping';
}

/** Does `work`, and sends {@link StoppingEvent}s after an abort: the caller treats a silent page as dead. */
export async function whileStopping<Result>(
  { emit, signal }: PageJobContext,
  work: () => Promise<Result>,
): Promise<Result> {
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  signal.addEventListener('abort', () => {
    heartbeat = setInterval(() => void emit({ type: 'stopping' } satisfies StoppingEvent), 1000);
  });
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
  }
}
