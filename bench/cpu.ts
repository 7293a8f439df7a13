/**
 * Measures the CPU engine on `digits` by number of threads: `npm run bench:cpu -- --help`.
 *
 * By default it prints samples/s. Rounds are interleaved, and the best of each counts, because other programs only ever add time.
 * The last figure is the share of the processor's peak. Multiply-adds with a pixel of 0 do not count, because the engine skips them.
 *
 * `threads` checks how the engine chooses its number of threads. A new engine loads the data and chooses, again and again. After
 * each load it trains in turn with engines of one thread and of all threads. Its regret is how much faster the best of them is.
 */
import { availableParallelism } from 'node:os';

import { Argument, Command } from 'commander';

import { workloads, type Workload } from '../src/benchmark/workloads.ts';
import { whole } from '../src/cli/options.ts';
import { createCpuEngine, type CpuEngine } from '../src/cpu/engine.ts';
import { compileBuild, instantiate, supportedBuilds } from '../src/cpu/kernelModule.ts';
import { KernelMemory, heapBase } from '../src/cpu/memory.ts';
import { medianInterval, type MedianInterval } from '../src/cpu/threadChoice.ts';
import { sliceDataset, type Dataset } from '../src/data/dataset.ts';
import { digits } from '../src/data/digits/digits.ts';
import { fileOrder } from '../src/data/shuffle.ts';
import { TrainingCursor } from '../src/engine/cursor.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { Network } from '../src/network/network.ts';
import { runProgram } from './runProgram.ts';

const names = workloads.filter(({ isScored }) => isScored).map(({ name }) => name);

export function createCpuProgram(): Command {
  const what = new Argument(
    '[names...]',
    'workloads, default: all; threads first checks the choice',
  );
  return new Command('bench:cpu')
    .description('Measures the CPU engine by number of threads.')
    .addArgument(what.choices(['threads', ...names]))
    .addOption(whole('--loads <n>', 'loads of each workload, with threads').default(30))
    .exitOverride();
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createCpuProgram().parse(args, { from: 'user' });
  const { loads } = program.opts<{ loads: number }>();
  const isChoiceCheck = program.args.includes('threads');
  const named = program.args.filter((name) => name !== 'threads');
  const { training } = digits();
  for (const workload of workloads) {
    signal.throwIfAborted();
    const { name, batchSize } = workload;
    if (!(named.length > 0 ? named : names).includes(name)) continue;
    const steps = Math.floor(training.sampleCount / batchSize);
    const dataset = sliceDataset(training, 0, steps * batchSize);
    if (isChoiceCheck) await checkChoices(workload, dataset, loads);
    else await compareThreads(workload, dataset);
  }
}

async function loadEngine(
  { network, batchSize, learningRate }: Workload,
  dataset: Dataset,
  threads?: number,
): Promise<CpuEngine> {
  const engine = await createCpuEngine(
    { network: new Network({ ...network, seed: 1 }), batchSize, optimizer: sgd({ learningRate }) },
    { threads },
  );
  await engine.load(dataset);
  return engine;
}

/** Samples per second of about `ms` milliseconds of training. */
async function measureRate(
  engine: CpuEngine,
  { batchSize }: Workload,
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

async function compareThreads(workload: Workload, dataset: Dataset): Promise<void> {
  const rounds = 5;
  const roundMs = 400;
  const threadCounts = [0, 1, 2];
  const build = supportedBuilds()[0];
  if (build === undefined) throw new Error('This runtime has no WebAssembly with SIMD.');
  const peak = await measurePeak(build);
  const drawn = dataset.features.filter((value) => value > 0).length / dataset.features.length;
  console.log(
    `${build}: at most ${peak.toFixed(1)} GFLOP/s per thread; ${(100 * drawn).toFixed(0)} % of pixels are not 0`,
  );
  const engines: CpuEngine[] = [];
  for (const threads of threadCounts) engines.push(await loadEngine(workload, dataset, threads));
  const best = engines.map(() => 0);
  for (let round = 0; round <= rounds; round++) {
    for (const [e, engine] of engines.entries()) {
      const rate = await measureRate(engine, workload, dataset, roundMs);
      // The first round warms up.
      if (round > 0) best[e] = Math.max(best[e]!, rate);
    }
  }
  const { layers, parameterCount } = new Network(workload.network);
  const [inputs, first] = layers;
  // Two products per weight of the first layer, for the pixels that are not 0; three per weight of the others.
  const perSample = 2 * (2 * drawn * inputs! * first! + 3 * (parameterCount - inputs! * first!));
  for (const [e, rate] of best.entries()) {
    const share = (rate * perSample) / 1e9 / (peak * Math.max(1, threadCounts[e]!));
    console.log(
      `${workload.name}, ${engines[e]!.plan}: ${Math.round(rate)} samples/s, ` +
        `${(rate / best[1]!).toFixed(2)}× one thread, ${(100 * share).toFixed(0)} % of the peak`,
    );
    await engines[e]!.dispose();
  }
}

/** The peak of one thread in GFLOP/s. A multiply-add counts as two operations. */
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

async function checkChoices(workload: Workload, dataset: Dataset, loads: number): Promise<void> {
  const rounds = 8;
  const roundMs = 100;
  const max = 2 ** Math.floor(Math.log2(availableParallelism()));
  const given: CpuEngine[] = [];
  for (const threads of [1, max]) given.push(await loadEngine(workload, dataset, threads));
  const chosen: number[] = [];
  const regrets: MedianInterval[] = [];
  for (let load = 1; load <= loads; load++) {
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
      `${regrets.filter(isWrong).length} of ${regrets.length} intervals lie above 5 %`,
  );
}

function percent({ middle, low, high }: MedianInterval): string {
  const text = (value: number) => (100 * value).toFixed(1);
  return `${text(middle)} % (${text(low)} to ${text(high)})`;
}

if (process.argv[1]?.endsWith('cpu.ts')) await runProgram(main);
