/** Signs of life from a job that was told to stop and first finishes what it has under way. */
import type { PageJobContext } from './pageJob.ts';

/** Told once a second until the job has ended. */
export interface StoppingEvent {
  readonly type: 'stopping';
}

/** Does `work`, and once it is to stop says so: a caller who hears nothing after an abort takes the page for dead. */
export async function whileStopping<Result>(
  { emit, signal }: PageJobContext,
  work: () => Promise<Result>,
): Promise<Result> {
  const stopping: StoppingEvent = { type: 'stopping' };
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  signal.addEventListener('abort', () => {
    heartbeat = setInterval(() => void emit(stopping), 1000);
  });
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
  }
}
