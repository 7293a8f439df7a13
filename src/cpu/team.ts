/** The threads of one engine. The next engine reuses them. */
import { ThreadLostError } from '../errors.ts';
import { Thread, ThreadStartError, type Request } from './thread.ts';

/** Threads of disposed engines. Reusing one takes a tenth of the time of starting a new one. */
const idle: Thread[] = [];
/** Maximum number of idle threads to keep. */
const maxIdle = 16;
/** An idle thread, or one that should become idle, is ended if it does not answer within this time. */
const idleAnswerMs = 5_000;

/** Interval of the progress checks, and the number of checks without progress that count as a failure. */
const lookMs = 5_000;
const maxLooks = 6;
const standstill = `${(lookMs * maxLooks) / 1000} s`;

export class Team {
  readonly #threads: readonly Thread[];
  /** A counter that grows while any thread makes progress. */
  readonly #progress: () => number;
  #failure: ThreadLostError | undefined;

  private constructor(threads: readonly Thread[], progress: () => number) {
    this.#threads = threads;
    this.#progress = progress;
  }

  /**
   * Starts threads, or reuses idle ones.
   * @param request the request that prepares each thread
   * @throws {ThreadStartError} when this runtime, or a page's policy, prevents threads from starting
   * @throws {ThreadLostError} when a thread fails to start, or none starts for half a minute
   */
  static async assemble(size: number, request: Request, progress: () => number): Promise<Team> {
    const threads: Thread[] = [];
    let ready = 0;
    const join = async (): Promise<void> => {
      await this.#enlist(request, threads);
      ready++;
    };
    const watch = watchProgress(
      () => ready,
      () => {
        for (const thread of threads) thread.end(`it did not start within ${standstill}`);
      },
    );
    const outcomes = await Promise.allSettled(Array.from({ length: size }, join));
    clearInterval(watch);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) return new Team(threads, progress);
    for (const thread of threads) thread.end('the others did not start');
    const cause = failed.reason as Error;
    if (cause instanceof ThreadStartError) throw cause;
    throw new ThreadLostError(
      `A thread of the CPU engine failed to start: ${cause.message}. ` +
        'Create a new engine; with threads: 0 it computes in the calling thread.',
      { cause },
    );
  }

  /** Prepares an idle thread or a new one, and adds it to `threads`. */
  static async #enlist(request: Request, threads: Thread[]): Promise<void> {
    for (let kept = idle.pop(); kept; kept = idle.pop()) {
      // An idle worker may have ended silently.
      if (!(await answers(kept, request))) continue;
      threads.push(kept);
      return;
    }
    const thread = Thread.start();
    threads.push(thread);
    await thread.request(request);
  }

  /**
   * Sends a request to each of the first `threads` threads, and waits for all answers.
   * @param requestOf returns the request for a thread number
   * @throws {ThreadLostError} when a thread fails, or none makes progress for half a minute; the team is unusable then
   */
  async work(threads: number, requestOf: (thread: number) => Request): Promise<void> {
    this.requireWhole();
    const watch = watchProgress(this.#progress, () =>
      this.#threads[0]!.end(`no thread made progress for ${standstill}`),
    );
    try {
      const members = this.#threads.slice(0, threads);
      await Promise.all(members.map((thread, t) => thread.request(requestOf(t))));
    } catch (cause) {
      throw this.#fail(cause as Error);
    } finally {
      clearInterval(watch);
    }
  }

  /** @throws {ThreadLostError} when a thread was lost */
  requireWhole(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Releases the threads for reuse. No request may be running. */
  disband(): void {
    if (this.#failure) return;
    this.#failure = lost('the engine was disposed');
    for (const thread of this.#threads) {
      // The empty request makes the thread release the engine's memory.
      void answers(thread, {}).then((isSound) => {
        if (isSound && idle.length < maxIdle) idle.push(thread);
        else thread.end('it is no longer needed');
      });
    }
  }

  /** Ends all threads, because the others would wait forever at the barrier for the failed one. */
  #fail(cause: Error): ThreadLostError {
    this.#failure ??= lost(cause.message, cause);
    for (const thread of this.#threads) thread.end('another thread failed');
    return this.#failure;
  }
}

/** Whether an idle thread does what is asked. One that fails, or does not answer within 5 s, is ended. */
async function answers(thread: Thread, request: Request): Promise<boolean> {
  const timer = setTimeout(() => thread.end('it did not answer'), idleAnswerMs);
  try {
    await thread.request(request);
    return true;
  } catch {
    thread.end('it did not answer');
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `onStandstill` once `progress` has not changed for half a minute. @returns the interval to clear */
function watchProgress(
  progress: () => number,
  onStandstill: () => void,
): ReturnType<typeof setInterval> {
  let last = progress();
  let looks = 0;
  return setInterval(() => {
    const now = progress();
    looks = now === last ? looks + 1 : 0;
    last = now;
    if (looks >= maxLooks) onStandstill();
  }, lookMs);
}

function lost(reason: string, cause?: Error): ThreadLostError {
  return new ThreadLostError(
    `A thread of the CPU engine was lost: ${reason}. Training since the last read of the parameters is lost. ` +
      'Create a new engine and continue from there; use threads: 1 if it happens again.',
    { cause },
  );
}
