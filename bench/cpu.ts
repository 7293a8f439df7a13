/**
 * The CPU engine on `digits`, by number of threads.
 *
 * `npm run bench:cpu -- [tiny mid large xl]`: samples a second. Rounds are interleaved, and the best of each counts,
 * because noise only ever takes time. The last figure is the share of what this machine can do at most; multiply-adds
 * with a pixel that is 0 do not count, because the engine leaves them out.
 *
 * `npm run bench:cpu -- threads [tiny mid large xl] [--loads 30]`: whether the number of threads is chosen well. A new
 * engine loads the data and chooses, again and again. After each load it trains in turn with engines that were given
 * one thread and all threads, unless that is what it has chosen. Its regret is how much faster the better of them is.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

import { createCpuEngine, type CpuEngine } from '../src/cpu/engine.ts';
import { compileBuild, instantiate, supportedBuilds } from '../src/cpu/kernelModule.ts';
import { KernelMemory, heapBase } from '../src/cpu/memory.ts';
import { medianInterval, type MedianInterval } from '../src/cpu/threadChoice.ts';
import { sliceDataset, type Dataset } from '../src/data/dataset.ts';
import { digits } from '../src/data/digits/digits.ts';
import { fileOrder } from '../src/data/shuffle.ts';
import { Network } from '../src/network/network.ts';
import { TrainingCursor } from '../src/engine/cursor.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { workloads, type TrainingWorkload } from './peers/workloads.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { loads: { type: 'string', default: '30' } },
});
const isChoiceCheck = positionals[0] === 'threads';
const names = isChoiceCheck ? positionals.slice(1) : positionals;
const { training } = digits();
for (const workload of workloads) {
  if (workload.kind !== 'training') continue;
  if (names.length > 0 && !names.includes(workload.name)) continue;
  const { batchSize } = workload;
  const steps = Math.floor(training.sampleCount / batchSize);
  const dataset = sliceDataset(training, 0, steps * batchSize);
  await (isChoiceCheck ? checkChoices(workload, dataset) : compareThreads(workload, dataset));
}

async function loadEngine(
  { network, batchSize, learningRate }: TrainingWorkload,
  dataset: Dataset,
  threads?: number,
): Promise<CpuEngine> {
  const engine = await createCpuEngine(
    { network: new Network(network), batchSize, optimizer: sgd({ learningRate }) },
    { threads },
  );
  await engine.load(dataset);
  return engine;
}

/** Samples a second of training that goes on for `ms` milliseconds, about. */
async function measureRate(
  engine: CpuEngine,
  { batchSize }: TrainingWorkload,
  { sampleCount }: Dataset,
  ms: number,
): Promise<number> {
  const perEpoch = sampleCount / batchSize;
  const begin = performance.now();
  let samples = 0;
  for (let elapsed = 0, steps = 1; elapsed < ms; elapsed = performance.now() - begin) {
    if (samples > 0) {
      const wanted = ((ms - elapsed) / elapsed) * (samples / batchSize);
      steps = Math.max(1, Math.min(perEpoch, Math.round(wanted)));
    }
    engine.beginEpoch(fileOrder(sampleCount), new TrainingCursor());
    samples += (await engine.run(steps)).samples;
  }
  return (samples * 1000) / (performance.now() - begin);
}

async function compareThreads(workload: TrainingWorkload, dataset: Dataset): Promise<void> {
  const rounds = 5;
  const roundMs = 400;
  const threadCounts = [0, 1, 2];
  const build = supportedBuilds()[0];
  if (build === undefined) throw new Error('This runtime has no WebAssembly with SIMD.');
  const peak = await measurePeak(build);
  // Share of pixels that are not 0.
  const drawn = dataset.features.filter((value) => value > 0).length / dataset.features.length;
  console.log(
    `${build}: at most ${peak.toFixed(1)} GFLOP/s a thread; ${(100 * drawn).toFixed(0)} % of pixels are not 0`,
  );
  const engines: CpuEngine[] = [];
  for (const threads of threadCounts) engines.push(await loadEngine(workload, dataset, threads));
  const best = engines.map(() => 0);
  for (let round = 0; round <= rounds; round++) {
    for (const [e, engine] of engines.entries()) {
      const rate = await measureRate(engine, workload, dataset, roundMs);
      // The first round runs code that is yet to be optimized.
      if (round > 0) best[e] = Math.max(best[e]!, rate);
    }
  }
  const { layers, parameterCount } = new Network(workload.network);
  const [inputs, first] = layers;
  // Forward and gradient of every weight, of the first layer's where pixels are not 0, and back through the others.
  const perSample = 2 * (2 * drawn * inputs! * first! + 3 * (parameterCount - inputs! * first!));
  for (const [e, rate] of best.entries()) {
    const share = (rate * perSample) / 1e9 / (peak * Math.max(1, threadCounts[e]!));
    console.log(
      `${workload.name}, ${engines[e]!.plan}: ${Math.round(rate)} samples/s, ` +
        `${(rate / best[1]!).toFixed(2)}× one thread, ${(100 * share).toFixed(0)} % of the most`,
    );
    await engines[e]!.dispose();
  }
}

/** The most GFLOP/s that one thread makes, a multiply-add being two. */
async function measurePeak(build: 'simd' | 'relaxed-simd'): Promise<number> {
  const network = new Network({ layers: [2, 2] });
  const { memory } = new KernelMemory({ network, slices: 1, moments: 0, isShared: false });
  const kernels = await instantiate(await compileBuild(build, false), memory);
  let best = 0;
  for (let round = 0; round < 20; round++) {
    const begin = performance.now();
    const made = kernels.multiplyAdds(heapBase, 1e6);
    best = Math.max(best, (8 * made) / (performance.now() - begin) / 1e6);
  }
  return best;
}

async function checkChoices(workload: TrainingWorkload, dataset: Dataset): Promise<void> {
  const rounds = 8;
  const roundMs = 100;
  const max = 2 ** Math.floor(Math.log2(availableParallelism()));
  const given: CpuEngine[] = [];
  for (const threads of [1, max]) given.push(await loadEngine(workload, dataset, threads));
  const chosen: number[] = [];
  const regrets: MedianInterval[] = [];
  for (let load = 1; load <= Number(values.loads); load++) {
    const begin = performance.now();
    const engine = await loadEngine(workload, dataset);
    const loadMs = performance.now() - begin;
    const { threads, threadChoice } = engine;
    chosen.push(threads);
    const engines = [engine, ...given.filter((other) => other.threads !== threads)];
    const rates: number[][] = [];
    for (let round = 0; round < rounds; round++) {
      const order = [...engines.keys()];
      if (round % 2 === 1) order.reverse();
      const rate: number[] = [];
      for (const e of order) rate[e] = await measureRate(engines[e]!, workload, dataset, roundMs);
      rates.push(rate);
    }
    const [regret] = engines
      .map((_, e) => medianInterval(rates.map((rate) => rate[e]! / rate[0]! - 1)))
      .sort((a, b) => b.middle - a.middle);
    regrets.push(regret!);
    const trials = threadChoice?.times.map(
      (time) => `${time.middle.toFixed(2)} (${time.low.toFixed(2)} to ${time.high.toFixed(2)})`,
    );
    console.log(
      `${workload.name}, load ${load}, ${loadMs.toFixed(0)} ms: ${threads} of ${max} threads` +
        (engine.threads === threads ? '' : `, later ${engine.threads}`) +
        (trials ? `; times from ${max} threads to 1: ${trials.join(', ')}` : '') +
        `; regret ${percent(regret!)}`,
    );
    await engine.dispose();
  }
  for (const engine of given) await engine.dispose();
  const worst = regrets.reduce((a, b) => (b.middle > a.middle ? b : a));
  const isWrong = ({ low }: MedianInterval) => low > 0.05;
  console.log(
    `${workload.name}: chose ${chosen.join(' ')}; worst regret ${percent(worst)}; ` +
      `${regrets.filter(isWrong).length} of ${regrets.length} certainly above 5 %`,
  );
}

function percent({ middle, low, high }: MedianInterval): string {
  const text = (value: number) => (100 * value).toFixed(1);
  return `${text(middle)} % (${text(low)} to ${text(high)})`;
}
