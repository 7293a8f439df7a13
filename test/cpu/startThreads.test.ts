/** How many threads an engine starts, and what happens where they cannot be had. */
import { afterEach, describe, expect, it, vi } from 'vitest';

import { createCpuEngine } from '../../src/cpu/engine.ts';
import { ThreadedArithmetic } from '../../src/cpu/threadedArithmetic.ts';
import { availableThreads, obstacleToThreads } from '../../src/cpu/thread.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { ConfigurationError, NoThreadsError } from '../../src/errors.ts';
import { KernelMemory } from '../../src/cpu/memory.ts';
import { Network } from '../../src/network/network.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { adamW, sgd } from '../../src/engine/optimizers.ts';
import { randomDataset, testRandom } from '../support/networks.ts';
import { train } from '../support/training.ts';

const network = new Network({ layers: [30, 17, 9, 5], activation: 'tanh', initializer: 'normal' });
const dataset = randomDataset(testRandom(1), 203, 30, 5);

const { Worker } = process.getBuiltinModule('node:worker_threads');

/**
 * A fresh copy of the engine, which has no idle threads.
 * @param Class the class of worker that all threads are made of
 * @param cores how many the machine says it has
 */
async function engineOn(Class: unknown, cores = 2) {
  const builtin = process.getBuiltinModule.bind(process);
  vi.spyOn(process, 'getBuiltinModule').mockImplementation((name: string) => {
    if (name === 'node:worker_threads') return { Worker: Class };
    return name === 'node:os' ? { availableParallelism: () => cores } : builtin(name);
  });
  vi.resetModules();
  return await import('../../src/cpu/engine.ts');
}

/** A worker that never says anything, or only that it failed. */
function muteWorker(failure?: string) {
  return class {
    static readonly terminate = vi.fn();
    readonly terminate = () => {
      (this.constructor as { terminate?: () => void }).terminate?.();
    };
    readonly ref = vi.fn();
    readonly unref = vi.fn();
    readonly postMessage = vi.fn();
    on(event: string, listener: (value: unknown) => void): void {
      if (event === 'error' && failure !== undefined) {
        setTimeout(() => listener(new Error(failure)), 1);
      }
    }
  };
}

function forbiddenWorker() {
  return vi.fn(function () {
    throw new DOMException('not allowed', 'SecurityError');
  });
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
  vi.resetModules();
});

const options = { network, batchSize: 50, optimizer: sgd({ learningRate: 0.1, momentum: 0.5 }) };

describe('the number of threads', () => {
  it('leaves no trace of its trials, whatever they say', async () => {
    const { createCpuEngine } = await engineOn(Worker, 4);
    const given = { ...options, batchSize: 100, optimizer: adamW({ learningRate: 0.01 }) };
    const learned: Float32Array[] = [];
    for (const threads of [undefined, 4]) {
      const engine = await createCpuEngine(given, { threads });
      await train(engine, dataset, 100, 5);
      learned.push(await engine.readParameters());
      expect([1, 2, 4]).toContain(engine.threads);
      expect(engine.threadChoice?.times.map((time) => time.threads)).toEqual(
        threads === undefined ? [4, 2, 1] : undefined,
      );
      await engine.dispose();
    }
    expect(learned[1]).toEqual(learned[0]);
  });

  /** Threads made of arithmetic on a clock of their own. @param stepMs of so many threads at a time */
  function simulate(stepMs: (threads: number, now: number) => number) {
    let now = 0;
    // A look takes a microsecond.
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 0.001));
    const memory = new KernelMemory({ network, slices: 2, moments: 1, isShared: false });
    const asked: number[] = [];
    const team = {
      work: (threads: number) => {
        // Words of the structure: `steps`, and `made`.
        const words = new Uint32Array(memory.memory.buffer, memory.control.at);
        words[25] = words[22]!;
        now += words[22]! * stepMs(threads, now);
        asked.push(threads);
        return Promise.resolve();
      },
      requireWhole: () => undefined,
      disband: () => undefined,
    };
    const arithmetic = new ThreadedArithmetic(options, memory, team, false, () => false);
    const order = fileOrder(dataset.sampleCount);
    /** Trains until so many milliseconds after the start. @returns how many threads were used, step after step */
    const trainUntil = async (ms: number): Promise<number[]> => {
      asked.length = 0;
      for (let step = 0; now < ms; step++) {
        const at = { step, epoch: 0, stepOfEpoch: 0 };
        await arithmetic.makeSteps({ order, at, steps: 4 }, undefined);
      }
      return asked;
    };
    return { arithmetic, trainUntil, now: () => now };
  }

  it('is found anew while training goes on, if the machine was busy at first', async () => {
    const { arithmetic, trainUntil, now } = simulate((threads, ms) =>
      threads === 1 ? 2 : ms < 900 ? 4 : 1.1,
    );
    await arithmetic.load(dataset);
    expect(now()).toBeLessThan(900);
    expect(arithmetic.threads).toBe(1);
    await trainUntil(3_000);
    expect(arithmetic.threads).toBe(2);
    expect(arithmetic.choice).toMatchObject({ threads: 2, times: [{ middle: 1 }, { threads: 1 }] });
    // All there are: nothing is left to doubt.
    expect(new Set(await trainUntil(60_000))).toEqual(new Set([2]));
  });

  it('is never doubted where it is all there are, and seldom where it is fewer', async () => {
    const all = simulate((threads) => 2 / threads);
    await all.arithmetic.load(dataset);
    expect(new Set(await all.trainUntil(60_000))).toEqual(new Set([2]));
    vi.restoreAllMocks();
    const fewer = simulate((threads) => 2 * threads);
    await fewer.arithmetic.load(dataset);
    expect(fewer.arithmetic.threads).toBe(1);
    const asked = await fewer.trainUntil(60_000);
    expect(fewer.arithmetic.threads).toBe(1);
    const doubting = asked.filter((threads) => threads === 2).length;
    expect(doubting).toBeGreaterThan(0);
    expect(doubting).toBeLessThan(asked.length / 50);
  });

  it('is found on a clock that stands still, too', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(5);
    const engine = await createCpuEngine(options);
    await train(engine, dataset, 50, 5);
    expect(engine.threads).toBeGreaterThan(0);
    await engine.dispose();
  });
});

describe('where threads cannot be had', () => {
  /** Of a fresh copy of the engine, which has compiled nothing yet. */
  async function plan(): Promise<string | undefined> {
    vi.resetModules();
    const fresh = await import('../../src/cpu/engine.ts');
    const engine = await fresh.createCpuEngine(options);
    const [metrics] = await train(engine, dataset, 50, 5);
    expect(metrics).toMatchObject({ steps: 5, samples: 203 });
    const { threads } = engine;
    await engine.dispose();
    expect(engine.threads).toBe(threads);
    expect(threads === 0).toBe(engine.plan.includes('in the calling thread'));
    return engine.plan;
  }

  it('there are as many as the machine has', async () => {
    expect(obstacleToThreads()).toBeUndefined();
    expect(availableThreads()).toBeGreaterThan(0);
    expect(await plan()).toMatch(/^(relaxed-)?simd, \d+ threads?$/);
  });

  it('the calling thread computes if asked to, which needs no reason', async () => {
    const engine = await createCpuEngine(options, { threads: 0 });
    expect(engine.plan).toMatch(/^(relaxed-)?simd, in the calling thread$/);
    expect(engine.threads).toBe(0);
    await engine.dispose();
  });

  it.each([
    [
      'no shared memory',
      () => vi.stubGlobal('SharedArrayBuffer', undefined),
      'this runtime has no shared memory',
    ],
    [
      'a page that is not isolated',
      () => {
        vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
      },
      'the page is not cross-origin isolated',
    ],
  ])('the calling thread computes and says why: %s', async (_, take, reason) => {
    take();
    expect(await plan()).toMatch(/^(relaxed-)?simd, in the calling thread \(.*\)$/);
    expect(await plan()).toContain(`(${reason})`);
    // One thread is one, wherever it is.
    const one = await createCpuEngine(options, { threads: 1 });
    expect(one.plan).toContain(`(${reason})`);
    await one.dispose();
    const two = createCpuEngine(options, { threads: 2 });
    await expect(two).rejects.toThrow(NoThreadsError);
    await expect(two).rejects.toThrow(`Cannot start 2 threads: ${reason}.`);
  });

  it.each([
    ['not allowed', forbiddenWorker()],
    ['Error: refused', muteWorker('refused')],
  ])(
    'the calling thread computes and says why: a worker that ends with "%s"',
    async (reason, Class) => {
      const { createCpuEngine } = await engineOn(Class);
      const engine = await createCpuEngine(options);
      expect(engine.plan).toMatch(/^(relaxed-)?simd, in the calling thread /);
      expect(engine.plan).toContain(`(a thread could not be started (${reason}))`);
      await engine.dispose();
      // The errors of the fresh copy are not those of this file.
      await expect(createCpuEngine(options, { threads: 2 })).rejects.toMatchObject({
        name: 'NoThreadsError',
        message: expect.stringContaining(reason) as string,
      });
    },
  );

  it.each([
    [
      'this runtime has no WebAssembly with SIMD',
      () => vi.spyOn(WebAssembly, 'validate').mockReturnValue(false),
    ],
    ['this runtime has no WebAssembly with SIMD', () => vi.stubGlobal('WebAssembly', undefined)],
    [
      'a policy forbids WebAssembly',
      () => {
        const error = new WebAssembly.CompileError('violates the Content Security policy');
        vi.spyOn(WebAssembly, 'compile').mockRejectedValue(error);
      },
    ],
  ])('the float64 reference computes and says why: %s', async (reason, take) => {
    take();
    expect(await plan()).toBe(`float64 reference, in the calling thread (${reason})`);
    // Of a fresh copy, which has compiled nothing.
    const { createCpuEngine } = await engineOn(Worker);
    await expect(createCpuEngine(options, { threads: 2 })).rejects.toThrow(
      `Cannot start 2 threads: ${reason}.`,
    );
    const engine = await createCpuEngine(options, { threads: 1, stream: true });
    const reference = createReferenceEngine(options);
    expect(engine.backend).toBe('cpu');
    expect(await train(engine, dataset, 50, 12)).toEqual(await train(reference, dataset, 50, 12));
    expect(await engine.readParameters()).toEqual(await reference.readParameters());
    await engine.dispose();
  });

  it.each([-1, 1.5, NaN, 65, '2'])('a number of threads of %s is refused', async (threads) => {
    await expect(createCpuEngine(options, { threads: threads as number })).rejects.toThrow(
      ConfigurationError,
    );
  });
});

// Errors are told by their names, since other tests load these modules afresh.
describe('a failure that does not mean missing threads is an error', () => {
  it('memory that the system does not give', async () => {
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function () {
      throw new RangeError('could not allocate memory');
    });
    await expect(createCpuEngine(options)).rejects.toMatchObject({ name: 'OutOfMemoryError' });
  });

  it('more threads than can be addressed, with the number that can', async () => {
    // Its 19 million parameters take seconds to draw and are not looked at.
    const wide = Object.create(network, { layers: { value: [784, 4000, 4000, 10] } }) as Network;
    const many = createCpuEngine({ ...options, network: wide, batchSize: 2000 }, { threads: 64 });
    await expect(many).rejects.toMatchObject({ name: 'OutOfMemoryError' });
    await expect(many).rejects.toThrow(
      /needs at least 49\d\d MiB .* can address only 4096 MiB\. Each of the 64 threads needs 7\d MiB .*\. Use at most 5\d threads\.$/,
    );
  });

  it('a worker that never answers, within half a minute', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const Mute = muteWorker();
    const { createCpuEngine } = await engineOn(Mute);
    const created = expect(createCpuEngine(options, { threads: 3 })).rejects.toMatchObject({
      name: 'ThreadLostError',
      message: expect.stringMatching(/did not start within 30 s\. .* threads: 0/) as string,
    });
    await vi.waitUntil(() => vi.getTimerCount() > 0, { timeout: 10_000 });
    await vi.advanceTimersByTimeAsync(40_000);
    await created;
    expect(Mute.terminate).toHaveBeenCalledTimes(6);
  });
});

describe('an idle thread that is of no use any more', () => {
  it.each(['ended', 'mute'])('is replaced by a new one: %s', async (kind) => {
    const workers: InstanceType<typeof Worker>[] = [];
    class RecordedWorker extends Worker {
      constructor(...all: ConstructorParameters<typeof Worker>) {
        super(...all);
        workers.push(this);
      }
    }
    const { createCpuEngine } = await engineOn(RecordedWorker);
    const first = await createCpuEngine(options, { threads: 2 });
    await train(first, dataset, 50, 5);
    const expected = await first.readParameters();
    let letGo = 0;
    for (const worker of workers) worker.once('message', () => letGo++);
    await first.dispose();
    await vi.waitUntil(() => letGo === 2, { timeout: 10_000 });
    if (kind === 'ended') await workers[0]!.terminate();
    else {
      vi.spyOn(workers[0]!, 'postMessage').mockReturnValue(undefined);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    }
    const created = createCpuEngine(options, { threads: 2 });
    if (kind === 'mute') {
      // Until only this one has not answered.
      await vi.waitUntil(() => vi.getTimerCount() === 1, { timeout: 10_000 });
      await vi.advanceTimersByTimeAsync(6_000);
    }
    const second = await created;
    expect(workers).toHaveLength(3);
    await train(second, dataset, 50, 5);
    expect(await second.readParameters()).toEqual(expected);
    await second.dispose();
  });
});
