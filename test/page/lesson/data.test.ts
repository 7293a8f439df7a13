import { expect, it } from 'vitest';

import { digitsRange } from '../../../src/data/digits/digits.ts';
import { sliceDataset } from '../../../src/data/dataset.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { Network } from '../../../src/network/network.ts';
import { presets } from '../../../src/network/presets.ts';
import { firstScript } from '../../../src/page/lesson/moment.ts';
import type { Course } from '../../../src/page/lesson/worker/course.ts';
import { dataTasks } from '../../../src/page/lesson/worker/data.ts';
import type { DataRun } from '../../../src/page/lesson/worker/dataRuns.ts';
import { Trainer } from '../../../src/training/trainer.ts';

it('the runs stop when asked, go on where they were, and have the accuracies of such a training', async () => {
  // The runs with many digits see blank ones here: the digits would take seconds to draw.
  const some = digitsRange(1, 'training', 0, 1000);
  const features = new Uint8Array(60_000 * 784);
  features.set(some.features);
  const labels = new Uint8Array(60_000);
  labels.set(some.labels);
  const all = { ...some, sampleCount: 60_000, features, labels };
  const test = digitsRange(1, 'test', 0, 200);
  const network = new Network({ ...presets.lecture.network, seed: 1 });
  const course = {
    script: firstScript,
    data: { test, drawn: () => Promise.resolve(all) },
    firstNetwork: () => network,
  } as unknown as Course;
  const { dataRuns } = dataTasks(() => Promise.resolve(course));
  const until = async (looks: number): Promise<readonly DataRun[]> => {
    const stop = new AbortController();
    const emit = (runs: readonly DataRun[]) => {
      if (runs[0]!.points.length >= looks) stop.abort();
    };
    return structuredClone(
      await dataRuns(null, { signal: stop.signal, emit } as unknown as Parameters<
        typeof dataRuns
      >[1]),
    );
  };
  const first = await until(2);
  const second = await until(4);
  expect(first.map(({ count, points }) => [count, points.length])).toEqual([
    [100, 2],
    [1000, 2],
    [10_000, 2],
    [60_000, 2],
  ]);
  second.forEach(({ points }, n) => {
    expect(points.slice(0, 2)).toEqual(first[n]!.points);
    expect(points.map(({ step }) => step)).toEqual([0, 20, 40, 60]);
  });

  const training = sliceDataset(all, 0, 1000);
  const trainer = await Trainer.create(network, {
    ...{ batchSize: 100, optimizer: sgd({ learningRate: 6 }), backend: 'cpu', threads: 0, seed: 1 },
  });
  const reports = trainer.fit(training, { steps: 60 });
  while ((await reports.next()).done !== true);
  expect(second[1]!.points[3]).toEqual({
    step: 60,
    test: (await trainer.evaluate(test)).accuracy,
    own: (await trainer.evaluate(training)).accuracy,
  });
  await trainer.dispose();
});
