/** Steps that several threads share: to the same bits, and never a hang when one is lost. */
import { setFlagsFromString } from 'node:v8';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { createCpuEngine } from '../../src/cpu/engine.ts';
import { builds, compileBuild, supportedBuilds } from '../../src/cpu/kernelModule.ts';
import { KernelMemory } from '../../src/cpu/memory.ts';
import { updateScalarsAt } from '../../src/cpu/updateScalars.ts';
import { Team } from '../../src/cpu/team.ts';
import { gradientTruth } from '../../src/benchmark/verification/gradient.ts';
import { fileOrder, shuffledOrder } from '../../src/data/shuffle.ts';
import { ThreadLostError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import type { StepMetrics } from '../../src/engine/engine.ts';
import { adamW, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { randomDataset, testRandom } from '../support/networks.ts';
import { train } from '../support/training.ts';

const network = new Network({ layers: [30, 17, 9, 5], activation: 'tanh', initializer: 'normal' });
const dataset = randomDataset(testRandom(1), 203, 30, 5);

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

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
        memory.writeUpdateScalars(s, updateScalarsAt(optimizer, s < 5 ? 1 / 40 : 1 / 3, s));
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
      /^A thread of the CPU engine was lost: .*\. Training since the last read .* threads: 1/,
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
      const failed = expect(work).rejects.toThrow(/no thread made progress for 30 s/);
      // Until it has made its pass, and waits.
      await vi.waitUntil(() => control.passes > 0);
      vi.advanceTimersByTime(40_000);
      await failed;
    } finally {
      vi.useRealTimers();
    }
  });
});
