/** The first step of a library, from the start of the page's navigation. */
import type { Contender } from '../../src/benchmark/peers/contender.ts';
import { loadLibrary } from '../../src/benchmark/peers/libraries.ts';
import type { BrowserPeerName } from '../../src/benchmark/result/backends.ts';
import { findWorkload } from '../../src/benchmark/workloads.ts';
import { createDataset, type Dataset } from '../../src/data/dataset.ts';
import { Network } from '../../src/network/network.ts';

/** @returns milliseconds from the start of the navigation until the cost of `tiny`'s first step was read */
export async function makeFirstStep(library: string): Promise<number> {
  const { network: sizes, batchSize, learningRate } = findWorkload('tiny')!;
  const network = new Network(sizes);
  const loadContender = (): Promise<Contender> =>
    library === 'webgpu' || library === 'cpu'
      ? loadNudge(library, network, batchSize, learningRate)
      : loadLibrary(library as BrowserPeerName);
  const [contender, training] = await Promise.all([loadContender(), fetchTraining()]);
  const learner = await contender.learn({ network, training, batchSize, learningRate });
  await learner.train(1);
  return performance.now();
}

/**
 * nudge as its users drive it, by its public API. Its trainer is created while the samples load, because it needs none of them; the
 * other libraries start their devices at that time too.
 */
async function loadNudge(
  backend: 'webgpu' | 'cpu',
  network: Network,
  batchSize: number,
  learningRate: number,
): Promise<Contender> {
  const { sgd, Trainer } = await import('../../src/index.ts');
  const optimizer = sgd({ learningRate });
  const trainer = await Trainer.create(network, { backend, batchSize, optimizer });
  return {
    learn: ({ training }) =>
      Promise.resolve({
        async train(steps) {
          const run = trainer.fit(training, { steps, reportEvery: steps });
          let last = NaN;
          for await (const { cost } of run) last = cost;
          return last;
        },
        dispose: () => trainer.dispose(),
      }),
  };
}

/** The samples that bench/openPage.ts writes beside the page. */
async function fetchTraining(): Promise<Dataset> {
  const [features, labels] = await Promise.all([fetchBytes('features'), fetchBytes('labels')]);
  return createDataset({ name: 'digits', featureCount: 784, classCount: 10, features, labels });
}

async function fetchBytes(name: string): Promise<Uint8Array> {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`The page could not fetch ${name} (HTTP ${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}
