/** Threads that work for one engine, and are handed on to the next one when it is done. */
import { ThreadLostError } from '../errors.ts';
import { Thread, type Request } from './thread.ts';

/** Ended engines' threads, which take a tenth of the time to start again that new ones take. */
const idle: Thread[] = [];
/** How many of them are kept. */
const mostIdle = 16;

/** Between two looks whether anything moves, and how often nothing may. */
const lookMs = 5_000;
const mostLooks = 6;

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
   * @throws where this runtime, or a page's policy, has no such threads
   */
  static async assemble(size: number, request: Request, progress: () => number): Promise<Team> {
    const threads: Thread[] = [];
    try {
      while (threads.length < size) threads.push(idle.pop() ?? new Thread());
      await Promise.all(threads.map((thread) => thread.request(request)));
    } catch (error) {
      for (const thread of threads) thread.end('the others did not start');
      throw error;
    }
    return new Team(threads, progress);
  }

  /**
   * Lets the first `threads` of them do the same.
   * @param requestOf from a thread's number to its part
   * @throws {ThreadLostError} when one of them fails, or nothing moves for half a minute; the team is of no use then
   */
  async work(threads: number, requestOf: (thread: number) => Request): Promise<void> {
    this.requireWhole();
    const watch = this.#watch();
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
        () =>
          idle.length < mostIdle ? idle.push(thread) : thread.end('it is not needed any more'),
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

  #watch(): ReturnType<typeof setInterval> {
    let last = this.#progress();
    let looks = 0;
    return setInterval(() => {
      const now = this.#progress();
      looks = now === last ? looks + 1 : 0;
      last = now;
      if (looks < mostLooks) return;
      this.#threads[0]!.end(`nothing moved for ${(lookMs * mostLooks) / 1000} s`);
    }, lookMs);
  }
}

function lost(reason: string, cause?: Error): ThreadLostError {
  return new ThreadLostError(
    `A thread of the CPU engine was lost: ${reason}. What was learned since the parameters were last read is gone. ` +
      'Create a new engine and go on from there, with threads: 1 if it happens again.',
    { cause },
  );
}
