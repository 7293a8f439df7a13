import { expect, test } from 'vitest';

import { LocalLab } from '../../src/benchmark/lab.ts';
import type { LoadPeer } from '../../src/benchmark/peerRun.ts';
import { runBenchmark } from '../../src/benchmark/runBenchmark.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Trainer } from '../../src/training/trainer.ts';

const data = digits({ trainingCount: 1000, testCount: 100 });
const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;

/** A fake library: nudge's reference with distorted costs. */
function library(distort: (cost: number, steps: number) => number): LoadPeer {
  return () =>
    Promise.resolve({
      async learn({ network, training, batchSize, learningRate }) {
        const trainer = await Trainer.create(network, {
          backend: 'reference',
          batchSize,
          shuffle: false,
          optimizer: sgd({ learningRate }),
        });
        let made = 0;
        return {
          async train(steps) {
            let last = NaN;
            for await (const { cost } of trainer.fit(training, { steps, reportEvery: 1 })) {
              last = distort(cost, ++made);
            }
            return last;
          },
          dispose: () => trainer.dispose(),
        };
      },
    });
}

async function runWith(loadPeer: LoadPeer | undefined) {
  return await runBenchmark({
    ...data,
    openLab: () => Promise.resolve(new LocalLab({ ...data, gpu, loadPeer })),
    hostEnvironment: { runtime: 'node', name: 'a test', system: '', threads: 1, isIsolated: true },
    nudge: { version: '1' },
    workloads: ['tiny'],
    backends: ['cpu'],
    peers: ['tfjs-webgpu', 'tfjs-wasm', 'jax-webgpu', 'jax-wasm'],
    repeats: 2,
    blocks: 1,
    repeatSeconds: 0.01,
    // Other tests run at the same time.
    waitSeconds: 0,
  });
}

test('other libraries are timed with their final cost and have no score', async () => {
  const result = await runWith(library((cost) => cost));
  // Without an adapter, the WebGPU libraries are left out.
  expect(result.settings.backends).toEqual(['cpu', 'tfjs-wasm', 'jax-wasm']);
  const [workload] = result.workloads;
  expect(workload!.series.map(({ backend }) => backend)).toEqual(['cpu', 'tfjs-wasm', 'jax-wasm']);
  for (const { samplesPerSecond, finalCost } of workload!.series) {
    expect(samplesPerSecond).toHaveLength(2);
    expect(finalCost).toBeGreaterThan(0);
  }
  expect(workload!.ratios.map(({ of, over }) => `${of}/${over}`)).toEqual([
    'cpu/tfjs-wasm',
    'cpu/jax-wasm',
  ]);
  expect(result.scores.map(({ backend }) => backend)).toEqual(['cpu']);
  expect(result.flags.filter(({ isVoid }) => isVoid)).toEqual([]);
});

test.each([
  ['starts with another cost', library((cost) => 1.01 * cost), 'in step 1; nudge has'],
  [
    'computes another gradient',
    library((cost, step) => (step === 2 ? 1.01 : 1) * cost),
    'in step 2; nudge has',
  ],
  ['reaches NaN', library((cost, step) => (step > 3 ? NaN : cost)), 'reached a cost of NaN'],
  ['does not start', () => Promise.reject(new Error('no backend')), 'does not start: no backend'],
  [
    'throws during training',
    library((cost, step) => {
      if (step > 2) throw new Error('out of registers');
      return cost;
    }),
    'fails: out of registers',
  ],
  ['is not available', undefined, 'runs only in browsers'],
] as const)('a library that %s is left out with a flag', async (_, load, sentence) => {
  const result = await runWith(load);
  expect(result.workloads[0]!.series.map(({ backend }) => backend)).toEqual(['cpu']);
  const failed = result.flags.filter(({ kind }) => kind === 'failed');
  expect(failed).toHaveLength(2);
  for (const flag of failed) {
    expect(flag).toMatchObject({ isVoid: false, workload: 'tiny' });
    expect(flag.message).toContain(sentence);
  }
  expect(result.scores).toHaveLength(1);
});
