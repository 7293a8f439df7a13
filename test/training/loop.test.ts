/** The loop with an engine that only counts. */
import { describe, expect, it } from 'vitest';

import type { Dataset } from '../../src/data/dataset.ts';
import type { TrainingPosition } from '../../src/engine/cursor.ts';
import { ConfigurationError, DisposedError } from '../../src/errors.ts';
import { EpochOrders, TrainingLoop, type FitOptions } from '../../src/training/loop.ts';
import { rejectionOf } from '../support/failure.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

/** Five steps an epoch. */
const training = randomDataset(testRandom(1), 10, 4, 3);
/** Three steps an epoch. */
const shorter = randomDataset(testRandom(2), 6, 4, 3);

/** A loop with an engine that notes what it is asked for, and makes it. */
function create(
  position?: TrainingPosition,
  whileBeginning: (signal: AbortSignal) => void = () => undefined,
) {
  const begun: TrainingPosition[] = [];
  const asked: number[] = [];
  const loaded: Dataset[] = [];
  const faults: Error[] = [];
  const loop = new TrainingLoop<{ steps: number }>(
    {
      kind: 'sweep',
      network: { layers: [4, 3] },
      batchSize: 2,
      engine: {
        load: async (dataset) => {
          loaded.push(dataset);
          await Promise.resolve();
        },
        run: (steps, signal) => {
          asked.push(steps);
          const fault = faults.shift();
          if (fault) return Promise.reject(fault);
          return Promise.resolve({ steps: signal.aborted ? 0 : steps });
        },
        dispose: () => Promise.resolve(),
      },
      release: () => undefined,
      beginEpoch: async (at, _, signal) => {
        await Promise.resolve();
        whileBeginning(signal);
        begun.push(at);
      },
    },
    position,
  );
  const fit = (options: FitOptions, dataset = training) =>
    loop.fit(dataset, options, { reportEvery: 2 }, ({ steps }) => ({ samples: 2 * steps }));
  const fitAll = async (options: FitOptions, dataset = training) => {
    const reports = [];
    for await (const { epoch, step, endOfEpoch, samples } of fit(options, dataset)) {
      reports.push([epoch, step, endOfEpoch, samples]);
    }
    return reports;
  };
  return { loop, begun, asked, loaded, faults, fit, fitAll };
}

describe('a training loop', () => {
  it('reports every so many steps and at the end of each epoch, and begins each where it stands', async () => {
    const { begun, asked, fitAll } = create();
    expect(await fitAll({ steps: 7 })).toEqual([
      [1, 2, false, 4],
      [1, 4, false, 4],
      [1, 5, true, 2],
      [2, 7, false, 4],
    ]);
    expect(asked).toEqual([2, 2, 1, 2]);
    expect(begun).toEqual([
      { step: 0, epoch: 0, stepOfEpoch: 0 },
      { step: 5, epoch: 1, stepOfEpoch: 0 },
    ]);
  });

  it('goes on with an epoch that was left, without beginning it again', async () => {
    const { loop, begun, fit, fitAll } = create();
    for await (const { step } of fit({ epochs: 1 })) {
      if (step === 2) break;
    }
    // The run that was under way counts.
    expect(loop.cursor.position).toEqual({ step: 4, epoch: 0, stepOfEpoch: 4 });
    expect(await fitAll({ epochs: 1 })).toEqual([[1, 5, true, 2]]);
    expect(begun).toHaveLength(1);
  });

  it('leaves an epoch unfinished when another dataset comes', async () => {
    const { begun, fitAll } = create();
    await fitAll({ steps: 2 });
    expect(await fitAll({ epochs: 1 }, shorter)).toEqual([
      [2, 4, false, 4],
      [2, 5, true, 2],
    ]);
    expect(begun.at(-1)).toEqual({ step: 2, epoch: 1, stepOfEpoch: 0 });
  });

  it('begins an epoch again where reports have come to, once a run has failed', async () => {
    const { begun, faults, fit, fitAll } = create();
    const failure = new Error('no room');
    const loop = async () => {
      for await (const { step } of fit({ epochs: 1 })) {
        if (step === 2) faults.push(failure);
      }
    };
    expect(await rejectionOf(loop())).toBe(failure);
    await fitAll({ epochs: 1 });
    expect(begun).toEqual([
      { step: 0, epoch: 0, stepOfEpoch: 0 },
      { step: 4, epoch: 0, stepOfEpoch: 4 },
    ]);
  });

  it("throws the signal's reason when it is aborted while an epoch begins", async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { loop, fitAll } = create(undefined, (signal) => {
      controller.abort(reason);
      signal.throwIfAborted();
    });
    expect(await rejectionOf(fitAll({ signal: controller.signal }))).toBe(reason);
    expect(loop.cursor.step).toBe(0);
  });

  it('goes on from where another run stood, with the dataset of that run alone', async () => {
    const { loop, begun, fitAll } = create({ step: 8, epoch: 1, stepOfEpoch: 3 });
    const error = await rejectionOf(fitAll({}, shorter));
    expect(error).toEqual(
      new ConfigurationError(
        "The sweep's state is 3 steps into an epoch, but an epoch of this dataset has 3. " +
          'Use the dataset that the state was saved with.',
      ),
    );
    expect(loop.cursor.position).toEqual({ step: 8, epoch: 1, stepOfEpoch: 3 });
    expect(await fitAll({ epochs: 2 })).toEqual([
      [2, 10, true, 4],
      [3, 12, false, 4],
      [3, 14, false, 4],
      [3, 15, true, 2],
    ]);
    expect(begun[0]).toEqual({ step: 8, epoch: 1, stepOfEpoch: 3 });
  });

  it('loads a dataset once, also while it is being prepared, and no other one meanwhile', async () => {
    const { loop, begun, loaded, fit, fitAll } = create();
    const preparing = loop.prepare(training);
    const error = await rejectionOf(fit({}, shorter).next());
    expect(error).toEqual(
      new ConfigurationError(
        "This sweep is still loading dataset 'random'; got dataset 'random'. Await prepare() first.",
      ),
    );
    await preparing;
    await Promise.all([loop.prepare(shorter), fitAll({ steps: 1 }, shorter)]);
    expect(loaded).toEqual([training, shorter]);
    expect(begun).toEqual([{ step: 0, epoch: 0, stepOfEpoch: 0 }]);
    // After a step, another dataset begins the next epoch, not the one after it.
    await Promise.all([loop.prepare(training), fitAll({ steps: 1 })]);
    expect(begun.at(-1)).toEqual({ step: 1, epoch: 1, stepOfEpoch: 0 });
  });

  it('is called by its name in what it refuses', async () => {
    const { loop, fit, fitAll } = create();
    const messages: unknown[] = [];
    for await (const { step } of fit({ steps: 2 })) {
      messages.push(step, await rejectionOf(loop.prepare(training)));
    }
    expect(messages).toEqual([
      2,
      new ConfigurationError(
        'This sweep is already running fit(). Leave that loop, or create a second sweep.',
      ),
    ]);
    const failure = new Error('of no use');
    loop.failure = failure;
    expect(await rejectionOf(fitAll({}))).toBe(failure);
    await loop.dispose();
    expect(await rejectionOf(fitAll({}))).toEqual(
      new DisposedError('This sweep has been disposed. Create a new one to continue.'),
    );
  });
});

describe('the orders of epochs', () => {
  it('are permutations that differ between seeds and epochs, and come again', () => {
    const orders = new EpochOrders();
    const all = [
      [1, 0],
      [1, 1],
      [2, 0],
    ].map(([seed, epoch]) => [...orders.of(seed!, epoch!, 50)]);
    for (const order of all) {
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    }
    expect(new Set(all.map((order) => order.join())).size).toBe(3);
    expect([...orders.of(1, 0, 50)]).toEqual(all[0]);
    expect(orders.of(1, 0, 20)).toHaveLength(20);
  });

  it('are those of the file where nothing is shuffled', () => {
    const orders = new EpochOrders(false);
    expect([...orders.of(1, 0, 4)]).toEqual([0, 1, 2, 3]);
    expect([...orders.of(2, 1, 3)]).toEqual([0, 1, 2]);
  });
});
