/**
 * The processor's pulse: a fixed piece of arithmetic (a beat), timed on all threads at once between repeats. It shows how
 * fast the processor runs and how much of it other programs take.
 *
 * The arithmetic is the CPU engine's probe in WebAssembly. A loop in JavaScript would not work: an engine may stop
 * optimizing it during a run, and the processor then seems 15 times slower.
 */
import { compileBuild, supportedBuilds } from '../cpu/kernelModule.ts';
import { heapBase } from '../cpu/memory.ts';
import { availableThreads, obstacleToThreads, Thread } from '../cpu/thread.ts';
import { median } from './statistics.ts';

export interface Pulse {
  /** Seconds of the shortest beat, which nothing interrupted. Median over the threads. */
  readonly beatSeconds: number;
  /** Share of the processor time that other programs took, 0 to 1. */
  readonly taken: number;
}

/** Seconds. */
const minBeat = 4e-4;
/** Seconds. Without this limit, a timer of 1 ms would make a look of 1.3 s. */
const maxBeat = 4e-3;
/** Minimum length of a beat in steps of the timer. */
const ticksPerBeat = 20;
/**
 * Beats of a look, and the first beats, which do not count. A scheduler may wake two threads on one core and move one of
 * them milliseconds later. It also favours threads that have slept, so a shorter look would miss other programs.
 * Measured in Chromium 156 on two cores with beats of 0.4 ms: 95 of 100 looks at a quiet machine find less than 15 %
 * taken; beside one or two busy loops, 3 of 100 do.
 */
const beats = { all: 64, settling: 12 } as const;
/** Discarded looks, during which the engine optimizes the code. */
const firstLooks = 4;
/** More threads add no information. */
const maxThreads = 16;
/** Rounds of the probe; a tenth of a beat on a slow machine. */
const firstRounds = 4000;
/** The probe needs 192 bytes after the module's constants, which are in the first page. */
const memoryPages = { initial: 1, maximum: 1 } as const;

export class PulseMeter {
  readonly #threads: readonly Thread[];
  #rounds: number;

  private constructor(threads: readonly Thread[], rounds: number) {
    this.#threads = threads;
    this.#rounds = rounds;
  }

  /**
   * Starts the threads and warms them up.
   * @param rounds of another meter, for beats of equal length; undefined: chosen for this machine
   * @param timerResolution seconds between two values of `performance.now()`
   * @returns undefined without WebAssembly, SIMD or shared memory
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
      // A policy may forbid workers or WebAssembly. The result then has no pulse.
      for (const thread of threads) thread.end('the pulse did not start');
      return undefined;
    }
  }

  /** Rounds of the probe in a beat. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Measures for at least 25 ms. The benchmark must be idle meanwhile. */
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
    const wanted = Math.min(maxBeat, Math.max(minBeat, ticksPerBeat * timerResolution));
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
