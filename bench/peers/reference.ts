/** What a contender's cost has to be: the same steps, from the same parameters, by nudge's float64 reference. */
import { sliceDataset, type Dataset } from '../../src/data/dataset.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { wholeBatches, type TrainingWorkload } from './workloads.ts';

/** The mean cost of the mini-batch after the checked steps, before its own update. */
export async function referenceCost(
  { network, batchSize, learningRate, checkedSteps }: TrainingWorkload,
  training: Dataset,
): Promise<number> {
  const trainer = await Trainer.create(new Network(network), {
    backend: 'reference',
    batchSize,
    optimizer: sgd({ learningRate }),
    shuffle: false,
  });
  const batches = sliceDataset(training, 0, wholeBatches(training.sampleCount, batchSize));
  let last = NaN;
  for (const steps of [checkedSteps, 1]) {
    for await (const { cost } of trainer.fit(batches, { steps, reportEvery: steps })) last = cost;
  }
  await trainer.dispose();
  return last;
}
