import type { Dataset } from '../../src/data/dataset.ts';
import { shuffledOrder } from '../../src/data/shuffle.ts';
import { stepsPerEpoch } from '../../src/engine/batches.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import type { Engine, StepMetrics } from '../../src/engine/engine.ts';

/** Loads a dataset and makes `steps` steps, over as many epochs as that takes, each in an order of its own. */
export async function train(
  engine: Engine,
  training: Dataset,
  batchSize: number,
  steps: number,
): Promise<StepMetrics[]> {
  const cursor = new TrainingCursor(stepsPerEpoch(training.sampleCount, batchSize));
  const metrics: StepMetrics[] = [];
  await engine.load(training);
  await engine.settle?.();
  while (cursor.step < steps) {
    engine.beginEpoch(shuffledOrder(1, cursor.epoch, training.sampleCount), cursor);
    const asked = Math.min(cursor.stepsLeft, steps - cursor.step);
    metrics.push(await engine.run(asked));
    cursor.advance(asked);
    cursor.nextEpoch();
  }
  return metrics;
}
