import { expect, test } from 'vitest';

import { networkOf } from '../../src/benchmark/backendRun.ts';
import {
  accuracyTargets,
  timeToAccuracy,
  type TimeToAccuracyOptions,
} from '../../src/benchmark/timeToAccuracy.ts';
import { findWorkload } from '../../src/benchmark/workloads.ts';
import { sliceDataset } from '../../src/data/dataset.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Trainer } from '../../src/training/trainer.ts';

// The test set is a part of the training set, so the network reaches high accuracies quickly.
const { training } = digits({ trainingCount: 1000, testCount: 1 });
const testSet = sliceDataset(training, 0, 500);
const workload = findWorkload('mid')!;

function options(maxSeconds: number): TimeToAccuracyOptions {
  return {
    workload,
    backend: 'cpu-1',
    training,
    test: testSet,
    seed: 1,
    device: undefined,
    maxSeconds,
    signal: undefined,
    onProgress: () => undefined,
  };
}

/** Accuracy after `steps` steps of a training without tests in between. */
async function accuracyAfter(steps: number): Promise<number> {
  const { batchSize, learningRate } = workload;
  const optimizer = sgd({ learningRate });
  const trainer = await Trainer.create(networkOf(workload, 1), {
    backend: 'cpu',
    threads: 1,
    batchSize,
    optimizer,
  });
  for await (const { step } of trainer.fit(training, { steps })) expect(step).toBeGreaterThan(0);
  const { accuracy } = await trainer.evaluate(testSet);
  await trainer.dispose();
  return accuracy;
}

test('the time to an accuracy ends at the first test that reaches it', async () => {
  const times = await timeToAccuracy(options(60));
  expect(times.map(({ target }) => target)).toEqual([...accuracyTargets]);
  for (const { target, seconds, steps, accuracy } of times) {
    expect(seconds).toBeGreaterThan(0);
    expect(accuracy).toBeGreaterThanOrEqual(target);
    expect(steps % 100).toBe(0);
    expect(await accuracyAfter(steps)).toBeGreaterThanOrEqual(target);
    if (steps > 100) expect(await accuracyAfter(steps - 100)).toBeLessThan(target);
  }
  const [first, second] = times;
  expect(second!.seconds).toBeGreaterThanOrEqual(first!.seconds!);
});

test('a target that is not reached has no time but the best accuracy', async () => {
  const shares: number[] = [];
  const times = await timeToAccuracy({
    ...options(1e-6),
    onProgress: (share) => void shares.push(share),
  });
  for (const { seconds, steps, accuracy } of times) {
    expect(seconds).toBeUndefined();
    expect(steps).toBe(100);
    expect(accuracy).toBe(await accuracyAfter(100));
  }
  expect(shares).toEqual([1]);
});
