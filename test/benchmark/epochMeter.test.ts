import { expect, it } from 'vitest';

import { EpochMeter } from '../../src/benchmark/epochMeter.ts';
import type { Progress } from '../../src/training/trainer.ts';

function report(part: Partial<Progress>): Progress {
  return {
    epoch: 1,
    step: 0,
    endOfEpoch: false,
    samples: 0,
    cost: 0,
    accuracy: 0,
    seconds: 0,
    samplesPerSecond: 0,
    ...part,
  };
}
const evaluation = { cost: 0.5, accuracy: 0.75, confusion: [[3, 1]] };

it('weights each report by its samples', () => {
  const meter = new EpochMeter();
  meter.add(report({ step: 3, samples: 300, cost: 1, accuracy: 0.5 }));
  const progress = meter.add(report({ step: 4, samples: 100, cost: 2, accuracy: 1 }));
  expect(progress).toMatchObject({ epoch: 1, step: 4, cost: 1.25, accuracy: 0.625 });
});

it('sums an epoch and starts the next one empty', () => {
  const meter = new EpochMeter();
  expect(meter.hasReports).toBe(false);
  meter.add(report({ step: 3, samples: 300, cost: 1, accuracy: 0.5, seconds: 2 }));
  expect(meter.hasReports).toBe(true);
  meter.add(report({ step: 4, samples: 100, cost: 2, accuracy: 1, seconds: 3, endOfEpoch: true }));
  const first = meter.end(evaluation);
  expect(first).toMatchObject({
    epoch: 1,
    isComplete: true,
    step: 4,
    samples: 400,
    cost: 1.25,
    trainingAccuracy: 0.625,
    evaluation,
  });
  expect(first).toMatchObject({ seconds: 5, samplesPerSecond: 80 });
  expect(first).not.toHaveProperty('gpuSeconds');

  expect(meter.hasReports).toBe(false);
  const gpu = { seconds: 2, gpuSeconds: 1.5 };
  meter.add(report({ epoch: 2, step: 5, samples: 100, cost: 3, accuracy: 0.25, ...gpu }));
  expect(meter.end(evaluation)).toMatchObject({
    epoch: 2,
    isComplete: false,
    step: 5,
    samples: 100,
    cost: 3,
    trainingAccuracy: 0.25,
    seconds: 2,
    gpuSeconds: 1.5,
  });
});
