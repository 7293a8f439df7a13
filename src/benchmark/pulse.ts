/**
 * The processor's pulse: a fixed piece of arithmetic that is timed between repeats, on all threads at once. It says two
 * things that no repeat can say of itself: how fast the processor runs, and how much of it other programs take.
 *
 * The arithmetic is the CPU engine's probe in WebAssembly. Its compiler tiers only make code faster, and the first beats,
 * which go through them, are thrown away. A loop in JavaScript does not serve: an engine may stop optimizing it in the
 * middle of a run, and the processor then seems 15 times slower.
 */
import { compileBuild, supportedBuilds } from '../cpu/kernelModule.ts';
import { heapBase } from '../cpu/memory.ts';
import { availableThreads, obstacleToThreads, Thread } from '../cpu/thread.ts';
import { median } from './statistics.ts';

/** One look at the processor. */
export interface Pulse {
  /** Seconds of the shortest beat: the processor when nothing interrupts it. Median over the threads. */
  readonly beatSeconds: number;
  /** Share of the time that something else had the threads' processors, 0 to 1. */
  readonly taken: number;
}

/** Seconds of a beat, at least; and how many steps of the timer. */
const shortestBeat = 4e-4;
const ticksPerBeat = 20;
/** A timer of 1 ms would make beats of 20 ms, and a look of a quarter of a second. */
const longestBeat = 4e-3;
/**
 * Beats of a look, and those at its beginning that do not count. A scheduler may wake two threads on one core and move one of
 * them after milliseconds, which is no other program's doing; and it favours threads that have slept, so that a look of a few
 * milliseconds does not see programs that take half of a repeat. Measured in Chromium 156 on two cores, by 64 beats of 0.4 ms:
 * without the first 12, 95 of 100 looks at a quiet machine find less than 15 % taken, and 3 of 100 beside one or two busy loops.
 */
const beats = { all: 64, settling: 12 } as const;
/** Looks that are thrown away at first, while the compiler's tiers take over from each other. */
const firstLooks = 4;
/** More threads than this say nothing more. */
const maxThreads = 16;
/** Rounds of the probe that a slow machine takes a tenth of a beat for. */
const firstRounds = 4000;
/** 192 bytes behind the module's constants are in the first page. */
const memoryPages = { initial: 1, maximum: 1 } as const;

/** Takes the pulse. */
export class PulseMeter {
  readonly #threads: readonly Thread[];
  #rounds: number;

  private constructor(threads: readonly Thread[], rounds: number) {
    this.#threads = threads;
    this.#rounds = rounds;
  }

  /**
   * Starts the threads and warms them up.
   * @param rounds of another meter, so that beats of both are equally long; without, as many as a beat should have
   * @param timerResolution seconds between two values of `performance.now()`
   * @returns undefined where there are no threads that can be timed: without WebAssembly, SIMD or shared memory
   */
  static async start(
    rounds: number | undefined,
    timerResolution: number,
  ): Promise<PulseMeter | undefined> {
    const build = supportedBuilds()[0];
    if (build === undefined || obstacleToThreads() !== undefined) return undefined;
    const count = Math.min(maxThreads, availableThreads());
    const threads: Thread[] = [];
    try {
      const module = await compileBuild(build, true);
      for (let t = 0; t < count; t++) threads.push(Thread.start());
      await Promise.all(
        threads.map((thread) =>
          thread.request({
            module,
            memory: new WebAssembly.Memory({ ...memoryPages, shared: true }),
          }),
        ),
      );
      const meter = new PulseMeter(threads, rounds ?? firstRounds);
      for (let look = 0; look < firstLooks; look++) {
        const { beatSeconds } = await meter.look();
        if (rounds === undefined) meter.#lengthen(beatSeconds, timerResolution);
      }
      return meter;
    } catch {
      // A policy may forbid workers or WebAssembly. The benchmark then does without a pulse, and the result says so.
      for (const thread of threads) thread.end('the pulse did not start');
      return undefined;
    }
  }

  /** Of the probe in a beat. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Takes some 25 milliseconds. Nothing else of the benchmark may be at work. */
  async look(): Promise<Pulse> {
    const perThread = await Promise.all(
      this.#threads.map((thread) =>
        thread.request({
          call: 'multiplyAdds',
          arguments: [heapBase, this.#rounds],
          times: beats.all,
        }),
      ),
    );
    return readPulse(perThread.map((milliseconds) => milliseconds.slice(beats.settling)));
  }

  end(): void {
    for (const thread of this.#threads) thread.end('the pulse is no longer needed');
  }

  #lengthen(beatSeconds: number, timerResolution: number): void {
    const wanted = Math.min(longestBeat, Math.max(shortestBeat, ticksPerBeat * timerResolution));
    const factor = beatSeconds > 0 ? wanted / beatSeconds : 8;
    this.#rounds = Math.max(1, Math.round(this.#rounds * Math.min(8, Math.max(1 / 8, factor))));
  }
}

/** @param perThread milliseconds of each beat, by thread */
export function readPulse(perThread: readonly (readonly number[])[]): Pulse {
  const shortest = perThread.map((times) => Math.min(...times));
  const needed = perThread.reduce((sum, times, t) => sum + times.length * shortest[t]!, 0);
  const took = perThread.flat().reduce((sum, time) => sum + time, 0);
  return {
    beatSeconds: median(shortest) / 1000,
    taken: took > 0 ? Math.max(0, 1 - needed / took) : 0,
  };
}
