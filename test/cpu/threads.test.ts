/** Steps that several threads share: to the same bits, and never a hang when one is lost. */
import { setFlagsFromString } from 'node:v8';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { createCpuEngine } from '../../src/cpu/engine.ts';
import { builds, compileBuild, supportedBuilds } from '../../src/cpu/kernelModule.ts';
import { KernelMemory } from '../../src/cpu/memory.ts';
import { ratesAt } from '../../src/cpu/rates.ts';
import { Team } from '../../src/cpu/team.ts';
import { ThreadedArithmetic } from '../../src/cpu/threadedArithmetic.ts';
import { availableThreads, obstacleToThreads } from '../../src/cpu/thread.ts';
import { gradientTruth } from '../../src/benchmark/verification/gradient.ts';
import { fileOrder, shuffledOrder } from '../../src/data/shuffle.ts';
import {
  ConfigurationError,
  NoThreadsError,
  OutOfMemoryError,
  ThreadLostError,
} from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import type { StepMetrics } from '../../src/engine/engine.ts';
import { adamW, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { randomDataset, testRandom } from '../support/networks.ts';
import { train } from '../support/training.ts';

const network = new Network({ layers: [30, 17, 9, 5], activation: 'tanh', initializer: 'normal' });
const dataset = randomDataset(testRandom(1), 203, 30, 5);

/** Of as many slices as there may be threads. */
async function createTeam(slices: number, optimizer: Optimizer, clipNorm?: number) {
  const moments = optimizer.kind === 'sgd' ? 1 : 2;
  const memory = new KernelMemory({ network, slices, moments, isShared: true, clipNorm });
  const start = { module: await compileBuild('simd', true), memory: memory.memory };
  const team = await Team.assemble(slices, start, () => memory.control.passes);
  memory.load(dataset);
  memory.setOrder(shuffledOrder(1, 0, dataset.sampleCount));
  return { memory, team };
}

describe('however many threads share the slices', () => {
  it.each([
    ['momentum', sgd({ learningRate: 0.1, momentum: 0.9 }), undefined],
    ['AdamW, clipped', adamW({ learningRate: 0.01 }), 0.05],
  ] as const)('the bits are the same, and the sums: %s', async (_, optimizer, clipNorm) => {
    const batchSize = 40;
    const made = [1, 2, 3, 4].map(async (threads) => {
      const { memory, team } = await createTeam(4, optimizer, clipNorm);
      // Five whole mini-batches, and three samples, which leaves slices with nothing to do.
      for (let s = 0; s < 6; s++)
        memory.writeRates(s, ratesAt(optimizer, s < 5 ? 1 / 40 : 1 / 3, s));
      const { control } = memory;
      control.ask({ threads, batchSize, firstStep: 0, steps: 6 });
      await team.work(threads, (t) => ({ call: 'train', arguments: [control.at, t] }));
      expect(control.answer).toEqual({ made: 6, isFinite: true });
      team.disband();
      return {
        parameters: memory.readParameters(),
        sums: [0, 1, 2, 3, 4, 5].map((step) => memory.stepSums(step)),
      };
    });
    const [one, ...more] = await Promise.all(made);
    expect(one!.parameters).not.toEqual(network.parameters);
    expect(one!.sums.every(({ costSum }) => costSum > 0)).toBe(true);
    for (const other of more) expect(other).toEqual(one);
  });
});

// V8 had relaxed SIMD behind this flag before it shipped it; see kernels.test.ts.
if (!supportedBuilds().includes('relaxed-simd')) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
}
const forms = builds.flatMap((build) => [1, 2, 4].map((threads) => ({ build, threads })));

describe.each(forms)('an engine of $threads threads, $build', ({ build, threads }) => {
  it('keeps the gradient within its bound at ragged shapes', async () => {
    for (const samples of [1, 7, 130, 531]) {
      const batch = randomDataset(testRandom(samples), samples, 30, 5);
      const truth = gradientTruth(network, batch);
      // What plain descent takes off the parameters is the gradient times the learning rate, a power of two.
      const learningRate = 2 ** 10;
      const engine = await createCpuEngine(
        { network, batchSize: samples, optimizer: sgd({ learningRate }) },
        { build, threads },
      );
      const [metrics] = await train(engine, batch, samples, 1);
      expect(metrics).toMatchObject({ steps: 1, samples });
      const after = await engine.readParameters();
      await engine.dispose();
      truth.gradient.forEach((expected, i) => {
        const before = network.parameters[i]!;
        const found = (before - after[i]!) / learningRate;
        // And a rounding of the parameter.
        const rounding = (2 ** -23 * Math.abs(after[i]!)) / learningRate;
        const error = Math.abs(found - expected);
        if (!(error <= truth.bound[i]! + rounding)) expect({ samples, i, error }).toBe(0);
      });
    }
  });

  it('gives the same bits again, and those of one long run in many short ones', async () => {
    const options = { network, batchSize: 50, optimizer: sgd({ learningRate: 1, momentum: 0.5 }) };
    const learned: Float32Array[] = [];
    for (const steps of [5, 5, 1]) {
      const engine = await createCpuEngine(options, { build, threads });
      await engine.load(dataset);
      engine.beginEpoch(fileOrder(dataset.sampleCount), new TrainingCursor());
      for (let made = 0; made < 5; made += steps) await engine.run(steps);
      learned.push(await engine.readParameters());
      await engine.dispose();
    }
    expect(learned[1]).toEqual(learned[0]);
    expect(learned[2]).toEqual(learned[0]);
  });

  it('adds costs up to the same bits however many steps are made at a time', async () => {
    const options = { network, batchSize: 8, optimizer: sgd({ learningRate: 0.1 }) };
    const metricsWith = async (tick: number) => {
      // The clock decides how many steps are asked for at a time: one, or as many as there are.
      let now = 0;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += tick));
      const engine = await createCpuEngine(options, { build, threads });
      const metrics = await train(engine, dataset, 8, 26);
      await engine.dispose();
      clock.mockRestore();
      return metrics;
    };
    expect(await metricsWith(1000)).toEqual(await metricsWith(0.0001));
  });

  it('streams to the same bits, whole mini-batches and a rest, in threads and in the calling one', async () => {
    const options = { network, batchSize: 50, optimizer: sgd({ learningRate: 1, momentum: 0.5 }) };
    const learned: Float32Array[] = [];
    const made: StepMetrics[][] = [];
    for (const [count, stream] of [
      [threads, false],
      [threads, true],
      [0, false],
      [0, true],
    ] as const) {
      const engine = await createCpuEngine(options, { build, threads: count, stream });
      made.push(await train(engine, dataset, 50, 12));
      await engine.evaluate(dataset);
      made.push(await train(engine, dataset, 50, 3));
      learned.push(await engine.readParameters());
      await engine.dispose();
    }
    expect(learned[1]).toEqual(learned[0]);
    expect(learned[3]).toEqual(learned[2]);
    // One thread is one, wherever it is.
    if (threads === 1) expect(learned[2]).toEqual(learned[0]);
    expect(made.slice(2, 4)).toEqual(made.slice(0, 2));
    expect(made.slice(6, 8)).toEqual(made.slice(4, 6));
  });

  it('evaluates and predicts what the reference does, between steps too', async () => {
    const options = { network, batchSize: 50, optimizer: sgd({ learningRate: 0.01 }) };
    const engine = await createCpuEngine(options, { build, threads });
    const reference = createReferenceEngine(options);
    const other = randomDataset(testRandom(2), 301, 30, 5);
    for (const each of [engine, reference]) {
      await each.load(dataset);
      each.beginEpoch(fileOrder(dataset.sampleCount), new TrainingCursor());
      await each.run(1);
      await each.evaluate(other);
      await each.run(1);
    }
    for (const shown of [dataset, other]) {
      const { cost, ...rest } = await reference.evaluate(shown);
      const found = await engine.evaluate(shown);
      expect(found).toMatchObject(rest);
      expect(Math.abs(found.cost - cost)).toBeLessThan(1e-6 * cost);
      const outputs = await reference.predict(shown);
      (await engine.predict(shown)).forEach((value, i) => {
        expect(Math.abs(value - outputs[i]!)).toBeLessThan(1e-6);
      });
    }
    await engine.dispose();
  });

  it('says in which step a gradient was not finite, and stops there', async () => {
    const wild = { network, batchSize: 50, optimizer: sgd({ learningRate: 1e38 }) };
    const linear = new Network({ layers: [30, 4, 5], activation: 'linear', output: 'linear' });
    const engine = await createCpuEngine({ ...wild, network: linear }, { build, threads });
    const reference = createReferenceEngine({ ...wild, network: linear });
    const [found] = await train(engine, dataset, 50, 5);
    const [expected] = await train(reference, dataset, 50, 5);
    await engine.dispose();
    expect(found!.nonFinite).toBeDefined();
    expect(found!.nonFinite!.step).toBeLessThanOrEqual(expected!.nonFinite!.step);
    expect(found!.steps).toBe(5);
  });
});

describe('a lost thread', () => {
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
  const steps = { batchSize: 40, firstStep: 0, steps: 5 };

  it('ends those that would wait for it, with a sentence, and the team', async () => {
    const { memory, team } = await createTeam(2, optimizer);
    const { control } = memory;
    control.ask({ threads: 2, ...steps });
    // The second traps, and never comes to the barrier.
    const work = team.work(2, (t) => ({
      call: t === 0 ? 'train' : 'missing',
      arguments: [control.at, t],
    }));
    await expect(work).rejects.toThrow(ThreadLostError);
    await expect(work).rejects.toThrow(
      /^A thread of the CPU engine was lost: .*\. What was learned .* threads: 1/,
    );
    await expect(team.work(1, () => ({}))).rejects.toThrow(ThreadLostError);
    expect(() => team.requireWhole()).toThrow(ThreadLostError);
  });

  it('is noticed when it neither answers nor ends', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { memory, team } = await createTeam(2, optimizer);
      const { control } = memory;
      control.ask({ threads: 2, ...steps });
      // One alone waits at the barrier for ever.
      const work = team.work(1, () => ({ call: 'train', arguments: [control.at, 0] }));
      const failed = expect(work).rejects.toThrow(/nothing moved for 30 s/);
      // Until it has made its pass, and waits.
      await vi.waitUntil(() => control.passes > 0);
      vi.advanceTimersByTime(40_000);
      await failed;
    } finally {
      vi.useRealTimers();
    }
  });
});

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
    await expect(two).rejects.toThrow(`2 threads were asked for, and ${reason}.`);
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

  it('plain TypeScript computes: no SIMD', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    expect(await plan()).toBe(
      'plain, in the calling thread (this runtime has no WebAssembly with SIMD)',
    );
    await expect(createCpuEngine(options, { threads: 2 })).rejects.toThrow(NoThreadsError);
  });

  it('plain TypeScript computes: WebAssembly that a policy forbids', async () => {
    const error = new WebAssembly.CompileError('violates the Content Security policy');
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(error);
    expect(await plan()).toBe('plain, in the calling thread (a policy forbids WebAssembly)');
  });

  it.each([-1, 1.5, NaN, 65, '2'])('a number of threads of %s is refused', async (threads) => {
    await expect(createCpuEngine(options, { threads: threads as number })).rejects.toThrow(
      ConfigurationError,
    );
  });

  it('threads for a build that has none are refused', async () => {
    await expect(createCpuEngine(options, { build: 'plain', threads: 2 })).rejects.toThrow(
      ConfigurationError,
    );
  });
});

describe('what is no sign that there are no threads is an error', () => {
  it('memory that the system does not give', async () => {
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function () {
      throw new RangeError('could not allocate memory');
    });
    await expect(createCpuEngine(options)).rejects.toThrow(OutOfMemoryError);
  });

  it('more threads than can be addressed, with the number that can', async () => {
    // Its 19 million parameters take seconds to draw and are not looked at.
    const wide = Object.create(network, { layers: { value: [784, 4000, 4000, 10] } }) as Network;
    const many = createCpuEngine({ ...options, network: wide, batchSize: 2000 }, { threads: 64 });
    await expect(many).rejects.toThrow(OutOfMemoryError);
    await expect(many).rejects.toThrow(
      /needs 49\d\d MiB .* can address 4096 MiB\. Each of the 64 threads takes 7\d MiB .*: use at most 5\d threads\.$/,
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
