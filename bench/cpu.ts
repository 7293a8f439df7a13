/**
 * Steps of the CPU engine by number of threads: `npm run bench:cpu -- [tiny mid large xl]`, on `digits`. Rounds are
 * interleaved, and the best of each counts, because noise only ever takes time. Of what this machine can do at most, the
 * share is given that the engine really does: multiply-adds with a pixel that is 0 it leaves out.
 */
import { createCpuEngine } from '../src/cpu/engine.ts';
import { compileBuild, instantiate, supportedBuilds } from '../src/cpu/kernelModule.ts';
import { KernelMemory, heapBase } from '../src/cpu/memory.ts';
import { sliceDataset } from '../src/data/dataset.ts';
import { digits } from '../src/data/digits/digits.ts';
import { fileOrder } from '../src/data/shuffle.ts';
import { Network } from '../src/network/network.ts';
import { sgd } from '../src/training/optimizers.ts';
import { workloads } from './peers/workloads.ts';

const rounds = 5;
const roundMs = 400;
const threadCounts = [0, 1, 2];

const build = supportedBuilds()[0];
if (build === undefined) throw new Error('This runtime has no WebAssembly with SIMD.');

/** The most GFLOP/s that one thread makes, a multiply-add being two. */
async function measurePeak(): Promise<number> {
  const network = new Network({ layers: [2, 2] });
  const { memory } = new KernelMemory({ network, slices: 1, moments: 0, isShared: false });
  const kernels = await instantiate(await compileBuild(build!, false), memory);
  let best = 0;
  for (let round = 0; round < 20; round++) {
    const begin = performance.now();
    const made = kernels.multiplyAdds(heapBase, 1e6);
    best = Math.max(best, (8 * made) / (performance.now() - begin) / 1e6);
  }
  return best;
}

const { training } = digits();
/** Share of pixels that are not 0. */
const drawn = training.features.filter((value) => value > 0).length / training.features.length;
const peak = await measurePeak();
console.log(
  `${build}: at most ${peak.toFixed(1)} GFLOP/s a thread; ${(100 * drawn).toFixed(0)} % of pixels are not 0`,
);

const names = process.argv.slice(2);
for (const workload of workloads) {
  if (workload.kind !== 'training' || (names.length > 0 && !names.includes(workload.name)))
    continue;
  const { batchSize, learningRate } = workload;
  const network = new Network(workload.network);
  const steps = Math.floor(training.sampleCount / batchSize);
  const dataset = sliceDataset(training, 0, steps * batchSize);
  const options = { network, batchSize, optimizer: sgd({ learningRate }) };
  const engines = await Promise.all(
    threadCounts.map(async (threads) => {
      const engine = await createCpuEngine(options, { threads });
      await engine.load(dataset);
      return engine;
    }),
  );
  const best = engines.map(() => 0);
  for (let round = 0; round <= rounds; round++) {
    for (const [e, engine] of engines.entries()) {
      const begin = performance.now();
      let samples = 0;
      while (performance.now() - begin < roundMs) {
        engine.beginEpoch(fileOrder(dataset.sampleCount), 0);
        const perRun = Math.max(
          1,
          Math.min(steps, Math.ceil(1e9 / network.parameterCount / batchSize)),
        );
        samples += (await engine.run(perRun)).samples;
      }
      // The first round runs code that is yet to be optimized.
      if (round > 0) best[e] = Math.max(best[e]!, (samples * 1000) / (performance.now() - begin));
    }
  }
  const [inputs, first] = network.layers;
  // Forward and gradient of every weight, of the first layer's where pixels are not 0, and back through the others.
  const perSample =
    2 * (2 * drawn * inputs! * first! + 3 * (network.parameterCount - inputs! * first!));
  for (const [e, rate] of best.entries()) {
    const share = (rate * perSample) / 1e9 / (peak * Math.max(1, threadCounts[e]!));
    console.log(
      `${workload.name}, ${engines[e]!.plan}: ${Math.round(rate)} samples/s, ` +
        `${(rate / best[1]!).toFixed(2)}× one thread, ${(100 * share).toFixed(0)} % of the most`,
    );
    await engines[e]!.dispose();
  }
}
