/** Threads that work for one engine, and are handed on to the next one when it is done. */
import { ThreadLostError } from '../errors.ts';
import { Thread, ThreadStartError, type Request } from './thread.ts';

/** Ended engines' threads, which take a tenth of the time to start again that new ones take. */
const idle: Thread[] = [];
/** How many of them are kept. */
const maxIdle = 16;
/** An idle thread that has not answered by then counts as dead. A new one takes its place. */
const idleAnswerMs = 5_000;

/** Between two looks whether anything moves, and how often nothing may. */
const lookMs = 5_000;
const maxLooks = 6;
const standstill = `${(lookMs * maxLooks) / 1000} s`;

export class Team {
  readonly #threads: readonly Thread[];
  /** Grows while any thread does anything. */
  readonly #progress: () => number;
  #failure: ThreadLostError | undefined;

  private constructor(threads: readonly Thread[], progress: () => number) {
    this.#threads = threads;
    this.#progress = progress;
  }

  /**
   * @param request what makes the threads ready
   * @throws {ThreadStartError} where this runtime, or a page's policy, lets no such threads start
   * @throws {ThreadLostError} when threads do not get ready, or none does for half a minute
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
      `A thread of the CPU engine did not get ready: ${cause.message}. ` +
        'Create a new engine; with threads: 0 it computes in the calling thread.',
      { cause },
    );
  }

  /** Makes an idle thread ready, or a new one, and adds it to `threads`. */
  static async #enlist(request: Request, threads: Thread[]): Promise<void> {
    for (let kept = idle.pop(); kept; kept = idle.pop()) {
      const thread = kept;
      const timer = setTimeout(() => thread.end('it did not answer'), idleAnswerMs);
      try {
        await thread.request(request);
        threads.push(thread);
        return;
      } catch {
        // A worker may end without a word while nothing is asked of it.
        thread.end('it did not answer');
      } finally {
        clearTimeout(timer);
      }
    }
    const thread = Thread.start();
    threads.push(thread);
    await thread.request(request);
  }

  /**
   * Lets the first `threads` of them do the same.
   * @param requestOf from a thread's number to its part
   * @throws {ThreadLostError} when one of them fails, or nothing moves for half a minute; the team is of no use then
   */
  async work(threads: number, requestOf: (thread: number) => Request): Promise<void> {
    this.requireWhole();
    const watch = watchProgress(this.#progress, () =>
      this.#threads[0]!.end(`nothing moved for ${standstill}`),
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

  /** @throws {ThreadLostError} once a thread was lost */
  requireWhole(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Lets the threads go; nothing may be under way. */
  disband(): void {
    if (this.#failure) return;
    this.#failure = lost('the engine was disposed of');
    for (const thread of this.#threads) {
      // They would hold the memory.
      thread.request({}).then(
        () => (idle.length < maxIdle ? idle.push(thread) : thread.end('it is not needed any more')),
        () => undefined,
      );
    }
  }

  /** Those that wait at the barrier for one that is gone would wait for ever. */
  #fail(cause: Error): ThreadLostError {
    this.#failure ??= lost(cause.message, cause);
    for (const thread of this.#threads) thread.end('another thread failed');
    return this.#failure;
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
    `A thread of the CPU engine was lost: ${reason}. What was learned since the parameters were last read is gone. ` +
      'Create a new engine and go on from there, with threads: 1 if it happens again.',
    { cause },
  );
}
