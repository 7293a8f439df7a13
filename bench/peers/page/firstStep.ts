/** How long a reader waits: from the click on a link to the first completed step of a small network. */
import { Network } from '../../../src/network/network.ts';
import { workloads, type TrainingWorkload } from '../workloads.ts';
import { loadContender } from './loadContender.ts';
import { fetchDataset } from './data.ts';
import type { ContenderName } from '../contenders.ts';

/** @returns milliseconds from the start of the navigation until the cost of `tiny`'s first step has been read */
export async function makeFirstStep(name: ContenderName): Promise<number> {
  const { network, batchSize, learningRate } = workloads.find(
    (workload): workload is TrainingWorkload => workload.name === 'tiny',
  )!;
  const [contender, training] = await Promise.all([loadContender(name), fetchDataset('first')]);
  const learner = await contender.learn({
    network: new Network(network),
    training,
    batchSize,
    learningRate,
  });
  await learner.train(1);
  return performance.now();
}
