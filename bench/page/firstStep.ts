/** The first step of a library, from the start of the page's navigation. */
import type { Contender } from '../../src/benchmark/peers/contender.ts';
import { loadLibrary } from '../../src/benchmark/peers/libraries.ts';
import type { BrowserPeerName } from '../../src/benchmark/result/backends.ts';
import { findWorkload } from '../../src/benchmark/workloads.ts';
import { createDataset, type Dataset } from '../../src/data/dataset.ts';
import { Network } from '../../src/network/network.ts';

/** @returns milliseconds from the start of the navigation until the cost of `tiny`'s first step was read */
export async function makeFirstStep(library: string): Promise<number> {
  const { network, batchSize, learningRate } = findWorkload('tiny')!;
  const [contender, training] = await Promise.all([load(library), fetchTraining()]);
  const task = { network: new Network(network), training, batchSize, learningRate };
  const learner = await contender.learn(task);
  await learner.train(1);
  return performance.now();
}

async function load(library: string): Promise<Contender> {
  if (library === 'webgpu' || library === 'cpu') return await loadNudge(library);
  return await loadLibrary(library as BrowserPeerName);
}

/** nudge as its users drive it, by its public API. */
async function loadNudge(backend: 'webgpu' | 'cpu'): Promise<Contender> {
  const { sgd, Trainer } = await import('../../src/index.ts');
  return {
    async learn({ network, training, batchSize, learningRate }) {
      const optimizer = sgd({ learningRate });
      const trainer = await Trainer.create(network, { backend, batchSize, optimizer });
      return {
        async train(steps) {
          let last = NaN;
          for await (const { cost } of trainer.fit(training, { steps, reportEvery: steps })) {
            last = cost;
          }
          return last;
        },
        dispose: () => trainer.dispose(),
      };
    },
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
