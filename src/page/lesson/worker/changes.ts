/** What the reader's changes do to a network. */
import type { Dataset } from '../../../data/dataset.ts';
import { sgd } from '../../../engine/optimizers.ts';
import type { Network } from '../../../network/network.ts';
import { parameterLayout } from '../../../network/parameters.ts';
import { Random, streams } from '../../../network/random.ts';
import { Trainer } from '../../../training/trainer.ts';
import type { DatedChange } from '../moment.ts';
import type { DigitData } from './digitData.ts';

/** The parts of the run that a change depends on. */
interface Circumstances {
  readonly data: DigitData;
  readonly rate: number;
  readonly seed: number;
}

/** The network after a change. Changes of the rate or of the training set leave it as it is. */
export async function changedNetwork(
  change: DatedChange,
  network: Network,
  { data, rate, seed }: Circumstances,
): Promise<Network> {
  switch (change.kind) {
    case 'rate':
    case 'only':
    case 'labels':
      return network;
    case 'one':
      return await afterOne(network, await data.sample(change.sample), rate);
    case 'zero':
    case 'noise':
      return disturb(network, change, seed + change.step);
  }
}

/** The network after one step on one sample. */
async function afterOne(network: Network, sample: Dataset, rate: number): Promise<Network> {
  const optimizer = sgd({ learningRate: rate });
  const options = { batchSize: 1, optimizer, backend: 'cpu', threads: 0 } as const;
  const trainer = await Trainer.create(network, options);
  try {
    await finish(trainer.fit(sample, { steps: 1 }));
    return await trainer.network();
  } finally {
    await trainer.dispose();
  }
}

/** Trains to the end. */
export async function finish(training: AsyncIterator<unknown, void>): Promise<void> {
  while ((await training.next()).done !== true);
}

function disturb(
  network: Network,
  change: Extract<DatedChange, { kind: 'zero' | 'noise' }>,
  seed: number,
): Network {
  const parameters = network.parameters.slice();
  const { weightOffset, biasOffset } = parameterLayout(network.layers)[change.layer]!;
  const random = new Random(seed % 2 ** 32, streams.lesson, 2 ** 20);
  for (let i = weightOffset; i < biasOffset; i++) {
    if (change.kind === 'zero') parameters[i] = 0;
    else parameters[i]! += change.size * random.normal();
  }
  return network.withParameters(parameters);
}
