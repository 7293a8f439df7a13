/** The WebAssembly kernels against their float64 twins, in every build that this runtime can be made to take. */
import { setFlagsFromString } from 'node:v8';

import { describe, expect, it } from 'vitest';

import { builds, compileBuild, instantiate, supportedBuilds } from '../../src/cpu/kernelModule.ts';
import { heapBase, KernelMemory } from '../../src/cpu/memory.ts';
import { SimdArithmetic } from '../../src/cpu/simdArithmetic.ts';
import { gradientTruth } from '../../src/benchmark/verification/gradient.ts';
import { createDataset, type Dataset } from '../../src/data/dataset.ts';
import { fileOrder } from '../../src/data/shuffle.ts';
import { OutOfMemoryError } from '../../src/errors.ts';
import { activations } from '../../src/network/functions.ts';
import { Network } from '../../src/network/network.ts';
import { parameterLayout } from '../../src/network/parameters.ts';
import { backpropagate, forwardPass } from '../../src/reference/backpropagation.ts';
import { featureValues } from '../../src/reference/features.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { outputsAndCosts, randomDataset, testRandom } from '../support/networks.ts';

// V8 had relaxed SIMD behind this flag before it shipped it; later versions do not know the flag, and say so.
if (!supportedBuilds().includes('relaxed-simd')) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
}

it('all builds run here', () => {
  expect(supportedBuilds()).toEqual(builds);
});

async function prepare(build: (typeof builds)[number], network: Network, batchSize: number) {
  const memory = new KernelMemory({ network, slices: 1, moments: 0, isShared: false });
  const kernels = await instantiate(await compileBuild(build, false), memory.memory);
  const options = { network, batchSize, optimizer: sgd({ learningRate: 0.1 }) };
  return { memory, kernels, arithmetic: new SimdArithmetic(options, kernels, memory, () => false) };
}

it('says how much memory is missing, and keeps what there is', () => {
  const network = new Network({ layers: [784, 2] });
  const memory = new KernelMemory({ network, slices: 1, moments: 0, isShared: false });
  const dataset = randomDataset(testRandom(1), 1, 784, 2);
  expect(() => memory.reserve(dataset, 1e7)).toThrow(OutOfMemoryError);
  expect(() => memory.reserve(dataset, 1e7)).toThrow(
    /needs at least 7\d\d\d MiB .* 4096 MiB\. Stream/,
  );
  expect(memory.readParameters()).toEqual(network.parameters);
});

/** The gradient of a whole dataset, summed over its samples, and the sums of cost and right predictions. */
async function gradientOf(build: (typeof builds)[number], network: Network, dataset: Dataset) {
  const { memory, arithmetic } = await prepare(build, network, dataset.sampleCount);
  arithmetic.load(dataset);
  arithmetic.beginStep(dataset.sampleCount);
  const sums = { costSum: 0, correct: 0 };
  const order = fileOrder(dataset.sampleCount);
  for (let start = 0; start < order.length; start += arithmetic.chunkSize) {
    const chunk = order.subarray(start, start + arithmetic.chunkSize);
    const { costSum, correct } = arithmetic.addGradient(dataset, chunk);
    sums.costSum += costSum;
    sums.correct += correct;
  }
  return { gradient: memory.readGradient(0), sums };
}

/** Sizes beside multiples of 4, 8, 16 and 32 columns, of 4 samples, and of what one pass takes. */
const shapes = [
  { layers: [784, 16, 16, 10], samples: 100 },
  { layers: [37, 33, 15, 10], samples: 53 },
  { layers: [5, 3], samples: 1 },
  { layers: [17, 57, 9, 1, 2], samples: 131 },
  { layers: [20, 40, 24], samples: 7 },
  { layers: [9, 300, 17], samples: 3 },
  { layers: [16, 8, 8], samples: 260 },
] as const;

describe.each(builds)('the %s build', (build) => {
  it('leaves the memory alone that the host uses', async () => {
    const { kernels } = await prepare(build, new Network({ layers: [2, 2] }), 1);
    expect(kernels.heapBase()).toBeLessThanOrEqual(heapBase);
  });

  const combinations = activations.flatMap((activation) =>
    outputsAndCosts.map(([output, cost]) => ({ activation, output, cost })),
  );
  it.each(combinations)(
    'keeps the gradient within its bound at ragged shapes: $activation, $output, $cost',
    async (functions) => {
      for (const [s, { layers, samples }] of shapes.entries()) {
        const network = new Network({ layers, ...functions, initializer: 'normal', seed: s });
        const dataset = randomDataset(testRandom(s), samples, layers[0], layers.at(-1)!);
        const { gradient, sums } = await gradientOf(build, network, dataset);
        const truth = gradientTruth(network, dataset);
        truth.gradient.forEach((expected, i) => {
          const error = Math.abs(gradient[i]! / samples - expected);
          if (!(error <= truth.bound[i]!)) expect({ s, i, error }).toEqual(truth.bound[i]);
        });
        const { output } = forwardPass({
          network,
          parameters: network.parameters,
          features: featureValues(dataset, fileOrder(samples)),
          labels: dataset.labels,
        });
        const cost = output.costs.reduce((sum, value) => sum + value);
        expect(Math.abs(sums.costSum - cost)).toBeLessThanOrEqual(1e-5 * cost);
        const right = output.predictions.filter((value, n) => value === dataset.labels[n]);
        expect(sums.correct).toBe(right.length);
      }
    },
  );

  it('computes whole numbers exactly', async () => {
    const random = testRandom(9);
    for (const activation of ['relu', 'linear'] as const) {
      for (const { layers, samples } of shapes) {
        const [inputs] = layers;
        const untrained = new Network({ layers, activation, output: 'linear' });
        // −1, 0 and 1, few of which are not 0, so that no sum leaves the whole numbers of float32.
        const parameters = untrained.parameters.map(() => [-1, 1][random.integer(16)] ?? 0);
        const network = untrained.withParameters(parameters);
        const dataset = createDataset({
          name: 'black and white',
          featureCount: inputs,
          classCount: layers.at(-1)!,
          features: Uint8Array.from({ length: samples * inputs }, () => 255 * random.integer(2)),
          labels: Uint8Array.from({ length: samples }, () => random.integer(layers.at(-1)!)),
        });
        const truth = backpropagate({
          network,
          parameters,
          features: featureValues(dataset, fileOrder(samples)),
          labels: dataset.labels,
        });
        const { gradient, sums } = await gradientOf(build, network, dataset);
        // Means of whole numbers, made whole again.
        const expected = Float32Array.from(truth.gradient, (g) => Math.round(g * samples));
        expect(Math.max(...expected.map(Math.abs))).toBeLessThan(2 ** 24);
        expect(gradient.every((value, i) => value === expected[i])).toBe(true);
        expect(sums.costSum).toBe(truth.costs.reduce((sum, cost) => sum + cost, 0));
      }
    }
  });

  it('says which layer’s gradient is not finite, and of none where all are', async () => {
    for (const layer of [0, 1, 2]) {
      const network = new Network({ layers: [6, 5, 4, 3], activation: 'linear', output: 'linear' });
      const dataset = randomDataset(testRandom(1), 10, 6, 3);
      const { arithmetic, memory } = await prepare(build, network, 10);
      arithmetic.beginStep(10);
      arithmetic.addGradient(dataset, fileOrder(10));
      expect(arithmetic.update(0)).toBeUndefined();
      arithmetic.beginStep(10);
      arithmetic.addGradient(dataset, fileOrder(10));
      const { biasOffset } = parameterLayout(network.layers)[layer]!;
      const bias = memory.readGradient(0)[biasOffset]!;
      const { gradient } = memory.slices[0]!;
      const { buffer } = memory.memory;
      const values = new Float32Array(buffer, gradient, memory.parameterBytes / 4);
      values[values.indexOf(bias)] = Infinity;
      expect(memory.readGradient(0)[biasOffset]).toBe(Infinity);
      expect(arithmetic.update(1)).toBe(layer);
    }
  });

  it('measures multiply-adds', async () => {
    const { kernels } = await prepare(build, new Network({ layers: [2, 2] }), 1);
    expect(kernels.multiplyAdds(heapBase, 1000)).toBe(12_000);
  });
});
