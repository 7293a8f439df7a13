import { describe, expect, it } from 'vitest';

import { digits } from '../../src/data/digits/digits.ts';
import { ConfigurationError, DisposedError, NonFiniteError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { constantRate } from '../../src/engine/schedules.ts';
import type { FitOptions } from '../../src/training/loop.ts';
import { Trainer, type Progress } from '../../src/training/trainer.ts';
import { rejectionOf } from '../support/failure.ts';

const { training, test } = digits({ trainingCount: 1050, testCount: 300 });
const network = new Network({ layers: [784, 12, 10] });
const options = {
  backend: 'cpu',
  batchSize: 100,
  optimizer: sgd({ learningRate: 1, momentum: 0.5 }),
} as const;

async function fitAll(trainer: Trainer, fit: FitOptions): Promise<Progress[]> {
  const reports: Progress[] = [];
  for await (const progress of trainer.fit(training, fit)) reports.push(progress);
  return reports;
}

async function parametersAfter(
  train: (trainer: Trainer) => Promise<unknown>,
  more: { seed?: number; shuffle?: boolean } = {},
): Promise<Float32Array> {
  const trainer = await Trainer.create(network, { ...options, ...more });
  await train(trainer);
  const { parameters } = await trainer.network();
  await trainer.dispose();
  return parameters;
}

describe('fit', () => {
  it('reports at the cadence asked for and at the end of every epoch', async () => {
    const trainer = await Trainer.create(network, options);
    const reports = await fitAll(trainer, { epochs: 2, reportEvery: 4 });
    expect(
      reports.map(({ epoch, step, endOfEpoch, samples }) => [epoch, step, endOfEpoch, samples]),
    )
      // 1050 samples are 11 steps, the last of 50 samples
      .toEqual([
        [1, 4, false, 400],
        [1, 8, false, 400],
        [1, 11, true, 250],
        [2, 15, false, 400],
        [2, 19, false, 400],
        [2, 22, true, 250],
      ]);
    for (const { cost, accuracy, samples, seconds, samplesPerSecond } of reports) {
      expect(cost).toBeGreaterThan(0);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(1);
      expect(samplesPerSecond).toBeCloseTo(samples / seconds, 6);
    }
    expect(reports.at(-1)!.cost).toBeLessThan(reports[0]!.cost);
    await trainer.dispose();
  });

  it('makes the steps asked for, over the ends of epochs', async () => {
    const trainer = await Trainer.create(network, options);
    const reports = await fitAll(trainer, { steps: 15 });
    expect(reports.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 11],
      [2, 15],
    ]);
    await trainer.dispose();
  });

  it('gives the same bits however it is cut up, reported and interrupted', async () => {
    const whole = await parametersAfter((trainer) => fitAll(trainer, { epochs: 2 }));
    const cut = await parametersAfter(async (trainer) => {
      await fitAll(trainer, { steps: 3 });
      for await (const { step } of trainer.fit(training, { steps: 10, reportEvery: 1 })) {
        if (step === 5) break;
      }
      expect(trainer.step).toBeGreaterThanOrEqual(5);
      expect(trainer.step).toBeLessThan(11);
      // The epoch left unfinished counts as the first of the two.
      await fitAll(trainer, { epochs: 2, reportEvery: 3 });
      expect(trainer.step).toBe(22);
    });
    expect(cut).toEqual(whole);
  });

  it.each(['left', 'aborted'])(
    'begins the next epoch when it is %s after the last step of one, reported or not',
    async (how) => {
      const trainer = await Trainer.create(network, options);
      const controller = new AbortController();
      // When the first report is read, the run that ends the epoch is under way.
      const loop = async () => {
        const { signal } = controller;
        for await (const { step } of trainer.fit(training, { epochs: 2, reportEvery: 6, signal })) {
          expect(step).toBe(6);
          await trainer.evaluate(test);
          if (how === 'left') break;
          controller.abort(new Error('enough'));
        }
      };
      await loop().catch((error: unknown) => expect(error).toBe(controller.signal.reason));
      expect(trainer.step).toBe(11);
      const reports = await fitAll(trainer, { steps: 12 });
      expect(reports.map(({ epoch, step, endOfEpoch }) => [epoch, step, endOfEpoch])).toEqual([
        [2, 22, true],
        [3, 23, false],
      ]);
      await trainer.dispose();
    },
  );

  it('ends in a DisposedError when the trainer is disposed of meanwhile', async () => {
    const trainer = await Trainer.create(network, options);
    const loop = async () => {
      for await (const { step } of trainer.fit(training, { epochs: 50, reportEvery: 2 })) {
        // What was over before may still be reported.
        expect(step).toBeLessThan(11);
        await trainer.dispose();
      }
    };
    expect(await rejectionOf(loop())).toBeInstanceOf(DisposedError);
  });

  it('visits samples in another order for another seed, and in file order unshuffled', async () => {
    const run = (more: { seed?: number; shuffle?: boolean }) =>
      parametersAfter((trainer) => fitAll(trainer, { epochs: 1 }), more);
    const one = await run({ seed: 1 });
    expect(await run({})).toEqual(one);
    expect(await run({ seed: 2 })).not.toEqual(one);
    const unshuffled = await run({ shuffle: false, seed: 1 });
    expect(unshuffled).not.toEqual(one);
    expect(await run({ shuffle: false, seed: 2 })).toEqual(unshuffled);
  });

  it('evaluates exactly the epoch that has just ended', async () => {
    const trainer = await Trainer.create(network, options);
    let atEnd: unknown;
    for await (const { endOfEpoch, epoch } of trainer.fit(training, { epochs: 2 })) {
      if (endOfEpoch && epoch === 1) atEnd = await trainer.evaluate(test);
    }
    await trainer.dispose();
    const other = await Trainer.create(network, options);
    await fitAll(other, { epochs: 1 });
    expect(await other.evaluate(test)).toEqual(atEnd);
    await other.dispose();
  });

  it("throws the signal's reason when aborted, and can go on afterwards", async () => {
    const trainer = await Trainer.create(network, options);
    const controller = new AbortController();
    const reason = new Error('enough');
    const aborted = (async () => {
      for await (const { step } of trainer.fit(training, {
        epochs: 5,
        reportEvery: 2,
        signal: controller.signal,
      })) {
        if (step >= 4) controller.abort(reason);
      }
    })();
    expect(await rejectionOf(aborted)).toBe(reason);
    const reached = trainer.step;
    expect(reached).toBeLessThan(11);
    await fitAll(trainer, { epochs: 1 });
    expect(trainer.step).toBe(11);
    await trainer.dispose();
    const already = await Trainer.create(network, options);
    const fit = () => fitAll(already, { signal: AbortSignal.abort(reason) });
    expect(await rejectionOf(fit())).toBe(reason);
    expect(already.step).toBe(0);
    await already.dispose();
  });

  it('refuses counts that make no sense, a second loop, and data that does not fit', async () => {
    const trainer = await Trainer.create(network, options);
    for (const [fit, message] of [
      [{ epochs: 0 }, 'epochs must be a positive integer; got 0.'],
      [{ steps: 1.5 }, 'steps must be a positive integer; got 1.5.'],
      [{ reportEvery: -1 }, 'reportEvery must be a positive integer; got -1.'],
      [
        { steps: 1, epochs: 2 },
        'epochs and steps cannot be combined; got epochs 2 and steps 1. Give only one of them.',
      ],
    ] as const) {
      const error = await rejectionOf(fitAll(trainer, fit));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toHaveProperty('message', message);
    }
    for await (const { step } of trainer.fit(training, { steps: 2 })) {
      expect(step).toBe(2);
      const error = await rejectionOf(fitAll(trainer, {}));
      expect(error).toBeInstanceOf(ConfigurationError);
    }
    const wider = await Trainer.create(new Network({ layers: [785, 10] }), options);
    expect(await rejectionOf(fitAll(wider, {}))).toBeInstanceOf(ConfigurationError);
    await wider.dispose();
    await trainer.dispose();
  });

  it('stops at an update that is not finite, names its layer, and is of no use from then on', async () => {
    const linear = new Network({ layers: [784, 16, 10], activation: 'linear', output: 'linear' });
    const optimizer = sgd({ learningRate: 1000 });
    const trainer = await Trainer.create(linear, { ...options, optimizer });
    const error = await rejectionOf(fitAll(trainer, { epochs: 20, reportEvery: 5 }));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toMatch(
      /^The update of layer 1 \(16→10\) is not finite at step \d+ \(epoch 1\), with learning rate 1000: .*, such as 100\.$/,
    );
    expect(await rejectionOf(trainer.evaluate(test))).toBe(error);
    expect(await rejectionOf(trainer.network())).toBe(error);
    expect(await rejectionOf(fitAll(trainer, {}))).toBe(error);
    await trainer.dispose();
  });

  it('says what the schedule made of the learning rate when a gradient was not finite', async () => {
    const linear = new Network({ layers: [784, 16, 10], activation: 'linear', output: 'linear' });
    const learningRate = constantRate({ learningRate: 4e36, warmUpSteps: 4 });
    const trainer = await Trainer.create(linear, { ...options, optimizer: sgd({ learningRate }) });
    const error = await rejectionOf(fitAll(trainer, { epochs: 1 }));
    expect((error as Error).message).toMatch(
      /not finite at step 2 \(epoch 1\), with learning rate 2e\+36: .* learning rate, such as 4e\+35\.$/,
    );
    await trainer.dispose();
  });
});

describe('a trainer', () => {
  it('gives the network learned, and leaves the one it was given alone', async () => {
    const before = network.parameters.slice();
    const trainer = await Trainer.create(network, options);
    expect((await trainer.network()).parameters).toEqual(before);
    await fitAll(trainer, { steps: 3 });
    const learned = await trainer.network();
    expect(learned.parameters).not.toEqual(before);
    expect(learned.layers).toEqual(network.layers);
    expect(network.parameters).toEqual(before);
    await trainer.dispose();
  });

  it('is the same on the float64 reference, up to rounding', async () => {
    const trainers = [
      await Trainer.create(network, options),
      await Trainer.create(network, { ...options, backend: 'reference' }),
    ];
    const [cpu, reference] = await Promise.all(
      trainers.map(async (trainer) => (await fitAll(trainer, { epochs: 1 })).at(-1)!),
    );
    expect(cpu!.cost).toBeCloseTo(reference!.cost, 5);
    expect(trainers.map(({ backend }) => backend)).toEqual(['cpu', 'reference']);
    for (const trainer of trainers) await trainer.dispose();
  });

  it("takes the CPU where 'auto' finds no GPU, and says why", async () => {
    const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    const trainer = await Trainer.create(network, { ...options, backend: 'auto', gpu });
    expect(trainer.backend).toBe('cpu');
    expect(trainer.choice).toMatch(/^cpu: WebGPU is available but found no adapter/);
    await trainer.dispose();
  });

  it('refuses options that make no sense', async () => {
    for (const [wrong, message] of [
      [{ batchSize: 0 }, /^batchSize must be .*; got 0\./],
      [{ seed: -1 }, /^seed must be .*; got -1\./],
      [{ clipNorm: 0 }, /^clipNorm must be .*; got 0\./],
      [
        { backend: 'gpu' as 'cpu' },
        /Unknown backend 'gpu'. Use one of: webgpu, cpu, reference, auto/,
      ],
    ] as const) {
      const error = await rejectionOf(Trainer.create(network, { ...options, ...wrong }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toMatch(message);
    }
  });

  it('is refused after dispose(), which may be called twice', async () => {
    const trainer = await Trainer.create(network, options);
    await trainer.dispose();
    await trainer.dispose();
    expect(await rejectionOf(trainer.evaluate(test))).toBeInstanceOf(DisposedError);
    expect(await rejectionOf(fitAll(trainer, {}))).toBeInstanceOf(DisposedError);
  });
});
