/** Many networks trained side by side. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sameBits, trajectoryShare } from '../../src/benchmark/verification/trajectories.ts';
import { digits } from '../../src/data/digits/digits.ts';
import {
  ConfigurationError,
  DeviceLostError,
  DisposedError,
  LimitError,
  NonFiniteError,
} from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { Network } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';
import { adam, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { cosineDecay } from '../../src/engine/schedules.ts';
import { Sweep, type SweepMember, type SweepProgress } from '../../src/training/sweep.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../setup/adapter.ts';
import { failureOf } from '../support/failure.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

const { training, test } = digits({ trainingCount: 530, testCount: 130 });
const network = { ...presets.lecture.network, layers: [784, 9, 10] };
const batchSize = 100;
const member = (seed: number, learningRate: number): SweepMember => ({
  seed,
  optimizer: sgd({ learningRate }),
});

async function create(members: readonly SweepMember[], on = device): Promise<Sweep> {
  return await Sweep.create({ network, members, batchSize, device: on });
}

async function fit(sweep: Sweep, options: Parameters<Sweep['fit']>[1]): Promise<SweepProgress[]> {
  const reports: SweepProgress[] = [];
  for await (const report of sweep.fit(training, options)) reports.push(report);
  return reports;
}

describe('each network of a sweep', () => {
  it.each<[string, (learningRate: number) => Optimizer]>([
    ['plain', (learningRate) => sgd({ learningRate })],
    ['with momentum', (learningRate) => sgd({ learningRate: learningRate / 9, momentum: 0.9 })],
    [
      'with a schedule',
      (learningRate) => sgd({ learningRate: cosineDecay({ learningRate, steps: 12 }) }),
    ],
  ])(
    '%s: comes out as the reference trains it alone, over epochs and short batches',
    async (_, optimizer) => {
      const members = [1, 3, 6].map((rate, n) => ({ seed: 5 + n, optimizer: optimizer(rate) }));
      const sweep = await create(members);
      const reports = await fit(sweep, { epochs: 2, reportEvery: 4 });
      expect(reports.map(({ epoch, step, endOfEpoch }) => [epoch, step, endOfEpoch])).toEqual([
        [1, 4, false],
        [1, 6, true],
        [2, 10, false],
        [2, 12, true],
      ]);
      const results = await sweep.evaluate(test);
      for (const [n, { seed, optimizer: own }] of members.entries()) {
        const alone = new Network({ ...network, seed });
        const options = { backend: 'reference', batchSize, seed, optimizer: own } as const;
        const trainer = await Trainer.create(alone, options);
        let report = 0;
        for await (const { cost, accuracy } of trainer.fit(training, {
          epochs: 2,
          reportEvery: 4,
        })) {
          const found = reports[report++]!.members[n]!;
          expect(found.cost).toBeCloseTo(cost, 4);
          expect(found.accuracy).toBe(accuracy);
        }
        const truth = (await trainer.network()).parameters;
        const found = (await sweep.network(n)).parameters;
        expect(trajectoryShare(alone, found, truth)).toBeLessThan(1);
        const { cost, accuracy } = await trainer.evaluate(test);
        expect(results[n]!.cost).toBeCloseTo(cost, 4);
        expect(results[n]!.accuracy).toBe(accuracy);
      }
      await sweep.dispose();
      expect(device.liveBuffers).toBe(0);
    },
  );

  it('has the same bits however many others are beside it, and however the steps are cut up', async () => {
    const members = [member(1, 3), member(2, 1), member(3, 6), member(2, 3)];
    const optimizer = adam({ learningRate: 0.01 });
    const adams = members.map(({ seed }) => ({ seed, optimizer }));
    for (const all of [members, adams]) {
      const together = await create(all);
      await fit(together, { epochs: 2 });
      const [one, other] = [await together.network(0), await together.network(3)];
      expect(sameBits(one.parameters, other.parameters)).toBe(Infinity);
      for (const n of [0, 3]) {
        const alone = await create([all[n]!]);
        for (const steps of [1, 7, 4]) await fit(alone, { steps, reportEvery: 2 });
        const found = (await alone.network(0)).parameters;
        expect(sameBits((await together.network(n)).parameters, found)).toBe(0);
        await alone.dispose();
      }
      await together.dispose();
    }
    expect(device.liveBuffers).toBe(0);
  });

  it('goes on from where another sweep stood, to the same bits', async () => {
    const optimizer = sgd({
      learningRate: cosineDecay({ learningRate: 0.3, steps: 12 }),
      momentum: 0.9,
    });
    const adams = { optimizer: adam({ learningRate: 0.01 }) };
    for (const own of [{ optimizer }, adams]) {
      const members = [1, 2].map((seed) => ({ seed, ...own }));
      const whole = await create(members);
      const reports = await fit(whole, { epochs: 2, reportEvery: 6 });
      // In the middle of an epoch, of 6 steps, and at the end of one.
      for (const steps of [2, 6, 9]) {
        const first = await create(members);
        await fit(first, { steps });
        const state = await first.state();
        await first.dispose();
        const second = await Sweep.create({ network, members, batchSize, device, state });
        expect(second.step).toBe(steps);
        const after = await fit(second, { steps: 12 - steps, reportEvery: 6 });
        expect(after.at(-1)).toMatchObject({ epoch: 2, step: 12, endOfEpoch: true });
        if (steps === 6) expect(after.at(-1)!.members).toEqual(reports.at(-1)!.members);
        for (const n of [0, 1]) {
          const expected = (await whole.network(n)).parameters;
          expect(sameBits((await second.network(n)).parameters, expected)).toBe(0);
        }
        await second.dispose();
      }
      await whole.dispose();
    }
    expect(device.liveBuffers).toBe(0);
  });

  it('refuses a state of other networks, or of a longer epoch', async () => {
    const one = await create([member(1, 3)]);
    await fit(one, { steps: 5 });
    const state = await one.state();
    await one.dispose();
    const options = { network, members: [member(1, 3)], batchSize, device };
    const two = Sweep.create({ ...options, members: [member(1, 3), member(2, 3)], state });
    expect((await failureOf(two, ConfigurationError)).message).toContain(
      'for 2 networks of this shape',
    );
    const wrong = Sweep.create({ ...options, state: { ...state, epoch: 0.5 } });
    expect((await failureOf(wrong, ConfigurationError)).message).toContain('state.epoch must be');
    const sweep = await Sweep.create({ ...options, state });
    const short = digits({ trainingCount: 300, testCount: 1 }).training;
    await failureOf(sweep.fit(short).next(), ConfigurationError);
    await sweep.dispose();
    expect(device.liveBuffers).toBe(0);
  });

  it('may diverge without harm to the others', async () => {
    const relu = { ...presets.modern.network, layers: [784, 8, 10] };
    const create3 = (rates: readonly number[]) =>
      Sweep.create({
        network: relu,
        members: rates.map((rate) => member(1, rate)),
        batchSize,
        device,
      });
    const sweep = await create3([0.1, 1e30]);
    await fit(sweep, { epochs: 1 });
    const [sound, diverged] = await sweep.evaluate(test);
    expect(sound!.isDiverged).toBe(false);
    expect(sound!.cost).toBeLessThan(Infinity);
    expect(diverged).toEqual({ isDiverged: true, cost: NaN, accuracy: NaN });
    const error = await failureOf(sweep.network(1), NonFiniteError);
    expect(error.message).toMatch(/Member 1 .*seed 1.* has diverged: Element \[.*\] of tensor/);
    const alone = await create3([0.1]);
    await fit(alone, { epochs: 1 });
    expect(sameBits((await sweep.network(0)).parameters, (await alone.network(0)).parameters)).toBe(
      0,
    );
    await sweep.dispose();
    await alone.dispose();
  });

  it('has diverged, too, with parameters that are not finite under costs that are', async () => {
    // The only step throws them beyond float32, and its cost was before.
    const members = [member(1, 0.1), member(1, 3e38)];
    const sweep = await Sweep.create({
      network: { layers: [784, 8, 10], activation: 'relu', output: 'linear' },
      members,
      batchSize,
      device,
    });
    const [report] = await fit(sweep, { steps: 1 });
    expect(report!.members.map(({ isDiverged }) => isDiverged)).toEqual([false, true]);
    expect((await sweep.evaluate(test)).map(({ isDiverged }) => isDiverged)).toEqual([false, true]);
    await sweep.dispose();
  });
});

describe('a sweep', () => {
  it('evaluates between epochs without a trace in the training', async () => {
    const [looked, blind] = [await create([member(1, 3)]), await create([member(1, 3)])];
    for await (const { endOfEpoch } of looked.fit(training, { epochs: 2, reportEvery: 2 })) {
      if (!endOfEpoch) continue;
      await looked.evaluate(test);
      await looked.evaluate(training);
    }
    await fit(blind, { epochs: 2 });
    const [one, other] = [await looked.network(0), await blind.network(0)];
    expect(sameBits(one.parameters, other.parameters)).toBe(0);
    await looked.dispose();
    await blind.dispose();
  });

  it('stops when the signal aborts, with its reason, and goes on afterwards', async () => {
    const sweep = await create([member(1, 3), member(2, 3)]);
    const abort = new AbortController();
    const reason = new Error('enough');
    const loop = async () => {
      for await (const { step } of sweep.fit(training, {
        epochs: 50,
        reportEvery: 2,
        signal: abort.signal,
      })) {
        if (step >= 4) abort.abort(reason);
      }
    };
    expect(await failureOf(loop(), Error)).toBe(reason);
    const { step } = sweep;
    expect(step).toBeGreaterThanOrEqual(4);
    await fit(sweep, { steps: 3 });
    expect(sweep.step).toBe(step + 3);
    await sweep.dispose();
    expect(device.liveBuffers).toBe(0);
  });

  it('refuses what makes no sense, in sentences', async () => {
    const none = await failureOf(create([]), ConfigurationError);
    expect(none.message).toContain('at least one member; got none');
    const mixed = [member(1, 3), { seed: 1, optimizer: sgd({ learningRate: 3, momentum: 0.5 }) }];
    const two = await failureOf(create(mixed), ConfigurationError);
    expect(two.message).toContain('members 0 and 1 differ in more');
    await failureOf(create([member(-1, 3)]), ConfigurationError);
    const wide = { ...network, layers: [784, 4096, 4096, 10] };
    const large = await failureOf(
      Sweep.create({ network: wide, members: [member(1, 3)], batchSize, device }),
      LimitError,
    );
    expect(large.message).toContain('784-4096-4096-10');
    const deep = { ...network, layers: [784, ...Array<number>(32).fill(4), 10] };
    const many = await failureOf(
      Sweep.create({ network: deep, members: [member(1, 3)], batchSize, device }),
      LimitError,
    );
    expect(many.message).toContain('at most 32 layers of weights; got 33');
    const sweep = await create([member(1, 3)]);
    const both = fit(sweep, { epochs: 1, steps: 1 });
    expect((await failureOf(both, ConfigurationError)).message).toContain('Give only one of them');
    expect((await failureOf(sweep.network(1), ConfigurationError)).message).toContain(
      'index must be an integer from 0 to 0; got 1.',
    );
    await sweep.dispose();
    await sweep.dispose();
    await failureOf(sweep.evaluate(test), DisposedError);
    expect(device.liveBuffers).toBe(0);
  });
});

describe('a device that fails during a sweep', () => {
  it('ends it in a DeviceLostError when it is lost', async () => {
    const own = await Device.request({ gpu: await testGpu() });
    const sweep = await create([member(1, 3), member(2, 3)], own);
    const loop = async () => {
      for await (const { step } of sweep.fit(training, { epochs: 50, reportEvery: 2 })) {
        if (step >= 4) own.gpu.destroy();
      }
    };
    await failureOf(loop(), DeviceLostError);
    await sweep.dispose();
    expect(own.liveBuffers).toBe(0);
  });

  it('ends it in a DeviceLostError when steps are dropped without a word', async () => {
    const own = await Device.request({ gpu: await testGpu() });
    const sweep = await create([member(1, 3), member(2, 3)], own);
    await sweep.prepare(training);
    const { queue } = own.gpu;
    const submit = queue.submit.bind(queue);
    Object.defineProperty(queue, 'submit', {
      value: (buffers: GPUCommandBuffer[]) => {
        if (buffers.every(({ label }) => label !== 'steps')) submit(buffers);
      },
    });
    const error = await failureOf(fit(sweep, { steps: 3 }), DeviceLostError);
    expect(error.message).toContain('Network 0 of a sweep: the GPU counted to step 0, but 3 were');
    await sweep.dispose();
    own.destroy();
  });
});
