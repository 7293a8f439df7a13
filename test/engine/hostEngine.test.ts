import { describe, expect, it, vi } from 'vitest';
import { createCpuEngine } from '../../src/cpu/engine.ts';
import { createDataset } from '../../src/data/dataset.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { ConfigurationError, DisposedError, OutOfMemoryError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import type { Engine, EngineOptions } from '../../src/engine/engine.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { chunkSize, HostEngine } from '../../src/engine/hostEngine.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { stepDecay } from '../../src/engine/schedules.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

describe.each([
  ['cpu', 'in threads', createCpuEngine],
  [
    'cpu',
    'in the calling thread',
    (given: EngineOptions) => createCpuEngine(given, { threads: 0 }),
  ],
  ['reference', 'float64', createReferenceEngine],
] as const)('the %s engine, %s', (backend, _, make) => {
  const create = async (given: EngineOptions): Promise<Engine> => await make(given);
  const network = new Network({ layers: [6, 5, 3], initializer: 'normal' });
  const dataset = randomDataset(testRandom(1), 10, 6, 3);
  const options = { network, batchSize: 3, optimizer: sgd({ learningRate: 0.5 }) };

  /** An engine at the beginning of an epoch of four steps: 3, 3, 3 and 1 samples. */
  async function ready(step = 0): Promise<Engine> {
    const engine = await create(options);
    await engine.load(dataset);
    engine.beginEpoch(fileOrder(10), { step, epoch: 0, stepOfEpoch: step });
    return engine;
  }

  it('says which backend it is', async () => {
    expect((await create(options)).backend).toBe(backend);
  });

  it('makes the same steps in one call, in many, and in calls that do not wait for each other', async () => {
    const one = await ready();
    const many = await ready();
    const queued = await ready();
    await one.run(4);
    for (let step = 0; step < 4; step++) await many.run(1);
    const resolved: number[] = [];
    await Promise.all(
      [1, 2, 1].map(async (steps, call) => {
        const metrics = await queued.run(steps);
        resolved.push(call);
        expect(metrics.steps).toBe(steps);
      }),
    );
    expect(resolved).toEqual([0, 1, 2]);
    const expected = await one.readParameters();
    expect(expected).not.toEqual(network.parameters);
    expect(await many.readParameters()).toEqual(expected);
    expect(await queued.readParameters()).toEqual(expected);
  });

  it('resumes an epoch at any step', async () => {
    const whole = await ready();
    const resumed = await ready();
    await whole.run(4);
    await resumed.run(2);
    resumed.beginEpoch(fileOrder(10), { step: 2, epoch: 0, stepOfEpoch: 2 });
    await resumed.run(2);
    expect(await resumed.readParameters()).toEqual(await whole.readParameters());
  });

  it('follows the schedule from where it is told that the epoch begins, also where another engine came to there', async () => {
    // 0.5 for the epoch's 4 steps, then half of it.
    const learningRate = stepDecay({ learningRate: 0.5, every: 4, factor: 0.5 });
    const scheduled = { ...options, optimizer: sgd({ learningRate }) };
    const whole = await create(scheduled);
    const first = await create(scheduled);
    for (const engine of [whole, first]) {
      await engine.load(dataset);
      engine.beginEpoch(fileOrder(10), new TrainingCursor());
      await engine.run(4);
    }
    const learned = network.withParameters(await first.readParameters());
    const second = await create({ ...scheduled, network: learned });
    await second.load(dataset);
    for (const engine of [whole, second]) {
      engine.beginEpoch(fileOrder(10), { step: 4, epoch: 1, stepOfEpoch: 0 });
      await engine.run(2);
    }
    const found = await second.readParameters();
    const expected = await whole.readParameters();
    // Parameters are handed on in float32, whatever the engine computes in.
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
    const halved = await create({
      ...options,
      network: learned,
      optimizer: sgd({ learningRate: 0.25 }),
    });
    await halved.load(dataset);
    halved.beginEpoch(fileOrder(10), new TrainingCursor());
    await halved.run(2);
    expect(await halved.readParameters()).toEqual(found);
  });

  it('lets steps that wait keep their own epoch when the next begins, even if its order is written over', async () => {
    const order = fileOrder(10);
    const inTurn = await create(options);
    const ahead = await create(options);
    await inTurn.load(dataset);
    await ahead.load(dataset);

    inTurn.beginEpoch(order, new TrainingCursor());
    await inTurn.run(4);
    inTurn.beginEpoch(order.toReversed(), { step: 4, epoch: 1, stepOfEpoch: 0 });
    await inTurn.run(4);

    ahead.beginEpoch(order, new TrainingCursor());
    const first = ahead.run(4);
    order.reverse();
    ahead.beginEpoch(order, { step: 4, epoch: 1, stepOfEpoch: 0 });
    const second = ahead.run(4);
    expect(await Promise.all([first, second])).toMatchObject([{ samples: 10 }, { samples: 10 }]);
    expect(await ahead.readParameters()).toEqual(await inTurn.readParameters());
  });

  it('counts the costs of samples before their step, and those it got right', async () => {
    const engine = await ready();
    const before = await engine.evaluate(dataset);
    const all = await create({ ...options, batchSize: 10 });
    await all.load(dataset);
    all.beginEpoch(fileOrder(10), new TrainingCursor());
    const metrics = await all.run(1);
    expect(metrics).toEqual({
      steps: 1,
      samples: 10,
      costSum: expect.closeTo(10 * before.cost, 6) as number,
      correct: Math.round(10 * before.accuracy),
    });
  });

  it('counts every sample once in the confusion matrix, [label][prediction]', async () => {
    const engine = await ready();
    const { confusion, accuracy } = await engine.evaluate(dataset);
    const outputs = await engine.predict(dataset);
    const expected = [0, 1, 2].map(() => [0, 0, 0]);
    dataset.labels.forEach((label, n) => {
      const row = [...outputs.subarray(3 * n, 3 * n + 3)];
      expected[label]![row.indexOf(Math.max(...row))]!++;
    });
    expect(confusion).toEqual(expected);
    expect(accuracy).toBeCloseTo((expected[0]![0]! + expected[1]![1]! + expected[2]![2]!) / 10, 15);
  });

  it('makes no step when the signal came first, and the epoch goes on where it stood', async () => {
    const engine = await ready();
    expect(await engine.run(2, AbortSignal.abort())).toEqual({
      steps: 0,
      samples: 0,
      costSum: 0,
      correct: 0,
    });
    expect(await engine.readParameters()).toEqual(network.parameters);
    expect(await engine.run(4)).toMatchObject({ steps: 4, samples: 10 });
  });

  it('lets timers fire during a long run, and stops between steps when one of them aborts', async () => {
    const many = randomDataset(testRandom(2), 200_000, 6, 3);
    const engine = await create({ ...options, batchSize: 1 });
    await engine.load(many);
    engine.beginEpoch(fileOrder(200_000), new TrainingCursor());
    const runFor = async (limit: number) => {
      const controller = new AbortController();
      let ticks = 0;
      const timer = setInterval(() => {
        if (++ticks === limit) controller.abort();
      }, 1);
      const made = await engine.run(200_000, controller.signal);
      clearInterval(timer);
      return made;
    };
    // On a busy machine, three ticks may pass before the first step. That run makes none, so a longer one may begin.
    let limit = 3;
    let { steps, samples } = await runFor(limit);
    while (steps === 0) ({ steps, samples } = await runFor((limit *= 4)));
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThan(200_000);
    expect(samples).toBe(steps);
    expect(await engine.run(1)).toMatchObject({ steps: 1 });
  });

  it('makes none of a step that is aborted before its end', async () => {
    const many = randomDataset(testRandom(2), 200_000, 6, 3);
    const engine = await create({ ...options, batchSize: 200_000 });
    await engine.load(many);
    engine.beginEpoch(fileOrder(200_000), new TrainingCursor());
    const controller = new AbortController();
    const run = engine.run(1, controller.signal);
    // Not by a timer: on a busy machine it may fire when threads have made the step.
    controller.abort();
    expect(await run).toMatchObject({ steps: 0, samples: 0 });
    expect(await engine.readParameters()).toEqual(network.parameters);
  });

  it('refuses steps before a training set and an epoch, and an epoch before a training set', async () => {
    const engine = await create(options);
    const noEpoch = new ConfigurationError(
      'Cannot run steps: no epoch has begun. Call load() and beginEpoch() first.',
    );
    await expect(engine.run(1)).rejects.toThrow(noEpoch);
    expect(() => {
      engine.beginEpoch(fileOrder(10), new TrainingCursor());
    }).toThrow(
      new ConfigurationError(
        'An epoch cannot begin before a training set is loaded. Call load() first.',
      ),
    );
    await engine.load(dataset);
    await expect(engine.run(1)).rejects.toThrow(noEpoch);
    engine.beginEpoch(fileOrder(10), new TrainingCursor());
    await engine.load(dataset);
    await expect(engine.run(1)).rejects.toThrow(noEpoch);
  });

  it('refuses steps beyond the end of the epoch, makes none of them, and goes on', async () => {
    const engine = await ready(1);
    await expect(engine.run(4)).rejects.toThrow(
      new ConfigurationError(
        'Cannot run 4 steps: the epoch has 3 left. Run those, then begin the next epoch.',
      ),
    );
    expect(await engine.run(3)).toMatchObject({ steps: 3, samples: 7 });
  });

  it('refuses datasets that do not fit the network, to train, to evaluate and to predict', async () => {
    const engine = await create(options);
    for (const wrong of [
      randomDataset(testRandom(1), 4, 7, 3),
      createDataset({ ...dataset, classCount: 4 }),
    ]) {
      await expect(engine.load(wrong)).rejects.toThrow(ConfigurationError);
      await expect(engine.evaluate(wrong)).rejects.toThrow(ConfigurationError);
      await expect(engine.predict(wrong)).rejects.toThrow(ConfigurationError);
    }
  });

  it('takes a mini-batch larger than any training set for the whole set', async () => {
    const whole = await create({ ...options, batchSize: 10 });
    const larger = await create({ ...options, batchSize: 4e9 });
    for (const engine of [whole, larger]) {
      await engine.load(dataset);
      engine.beginEpoch(fileOrder(10), new TrainingCursor());
      expect(await engine.run(1)).toMatchObject({ steps: 1, samples: 10 });
    }
    const expected = await whole.readParameters();
    (await larger.readParameters()).forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6);
    });
  });

  it('refuses a batch size that makes no sense', async () => {
    await expect(create({ ...options, batchSize: 0 })).rejects.toThrow(ConfigurationError);
  });

  it('can do nothing after it was disposed of, except be disposed of again', async () => {
    const engine = await ready();
    const running = engine.run(4);
    const waiting = engine.readParameters();
    const failed = Promise.all([
      expect(running).rejects.toThrow(DisposedError),
      expect(waiting).rejects.toThrow(DisposedError),
    ]);
    await engine.dispose();
    await failed;
    await engine.dispose();
    const message = `This ${backend} engine has been disposed. Create a new one to continue.`;
    await expect(engine.load(dataset)).rejects.toThrow(new DisposedError(message));
    await expect(engine.run(1)).rejects.toThrow(DisposedError);
    await expect(engine.evaluate(dataset)).rejects.toThrow(DisposedError);
    await expect(engine.predict(dataset)).rejects.toThrow(DisposedError);
    await expect(engine.readParameters()).rejects.toThrow(DisposedError);
    expect(() => {
      engine.beginEpoch(fileOrder(10), new TrainingCursor());
    }).toThrow(DisposedError);
  });
});

it('trains on nothing where a training set could not be taken in', async () => {
  const network = new Network({ layers: [6, 5, 3] });
  const options = { network, batchSize: 3, optimizer: sgd({ learningRate: 0.5 }) };
  const dataset = randomDataset(testRandom(1), 10, 6, 3);
  const tooLarge = randomDataset(testRandom(1), 10, 6, 3);
  const addGradient = vi.fn(() => ({ costSum: 0, correct: 0 }));
  const engine = new HostEngine('cpu', options, {
    chunkSize: 4,
    load: (training) => {
      if (training === tooLarge) throw new OutOfMemoryError('no room');
    },
    infer: () => ({ outputs: [], costs: [], predictions: [] }),
    explain: () => ({ layers: [], costs: [], predictions: [], gradient: [] }),
    readParameters: () => new Float32Array(),
    readMoments: () => [],
    writeState: () => undefined,
    beginStep: () => undefined,
    addGradient,
    update: () => undefined,
  });
  await engine.load(dataset);
  const failed = expect(engine.load(tooLarge)).rejects.toThrow(OutOfMemoryError);
  engine.beginEpoch(fileOrder(10), new TrainingCursor());
  await expect(engine.run(1)).rejects.toThrow(ConfigurationError);
  await failed;
  expect(addGradient).not.toHaveBeenCalled();

  await engine.load(dataset);
  engine.beginEpoch(fileOrder(10), new TrainingCursor());
  expect(await engine.run(1)).toMatchObject({ steps: 1, samples: 3 });
});

describe('chunkSize', () => {
  it.each([
    [15, 128],
    [13_002, 128],
    [101_770, 40],
    [1_863_690, 4],
    [1_000_000_000, 4],
  ])('of a network of %i parameters is %i', (parameterCount, expected) => {
    expect(chunkSize(parameterCount)).toBe(expected);
  });
});
