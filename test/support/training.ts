import type { Dataset } from '../../src/data/dataset.ts';
import { shuffledOrder } from '../../src/data/shuffle.ts';
import { stepsPerEpoch } from '../../src/engine/batches.ts';
import type { Engine, StepMetrics } from '../../src/engine/engine.ts';

/** Loads a dataset and makes `steps` steps, over as many epochs as that takes, each in an order of its own. */
export async function train(
  engine: Engine,
  training: Dataset,
  batchSize: number,
  steps: number,
): Promise<StepMetrics[]> {
  const perEpoch = stepsPerEpoch(training.sampleCount, batchSize);
  const metrics: StepMetrics[] = [];
  await engine.load(training);
  await engine.settle?.();
  for (let made = 0, epoch = 0; made < steps; made += perEpoch, epoch++) {
    engine.beginEpoch(shuffledOrder(1, epoch, training.sampleCount), 0);
    metrics.push(await engine.run(Math.min(perEpoch, steps - made)));
  }
  return metrics;
}
