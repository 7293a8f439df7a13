import { describe, expect, it } from 'vitest';
import { createCpuEngine, type CpuOptions } from '../../src/cpu/engine.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { activations } from '../../src/network/activations.ts';
import { Network } from '../../src/network/network.ts';
import { presets } from '../../src/network/presets.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import type { EngineOptions } from '../../src/engine/engine.ts';
import { adam, adamW, sgd } from '../../src/engine/optimizers.ts';
import { noisyPatterns, outputsAndCosts, randomDataset, testRandom } from '../support/networks.ts';
import { train } from '../support/training.ts';

const largest = (values: Float64Array): number =>
  values.reduce((max, x) => Math.max(max, Math.abs(x)), 0);

/**
 * Trains the same network on both engines and compares the parameters.
 *
 * The bound is steps·2⁻²⁴·max|W|. Each step stores each parameter once, rounded to within 2⁻²⁴ of its size,
 * and in the worst case all these errors add up. What float32 gets wrong inside a step is wrong in the
 * gradient, and reaches the parameters multiplied by the learning rate: much less, as long as the
 * training is stable, which is why the learning rates here are modest.
 *
 * No such bound holds where a ReLU comes within rounding of its kink: float32 and float64 then take different
 * slopes, and part for good. The data here is such that it does not happen.
 */
async function compare(
  options: EngineOptions,
  dataset: Dataset,
  steps: number,
  cpuOptions: CpuOptions = {},
): Promise<void> {
  const cpu = await createCpuEngine(options, cpuOptions);
  const reference = createReferenceEngine(options);
  const cpuMetrics = await train(cpu, dataset, options.batchSize, steps);
  const referenceMetrics = await train(reference, dataset, options.batchSize, steps);

  const expected = reference.parameters;
  const actual = await cpu.readParameters();
  const bound = steps * 2 ** -24 * largest(expected);
  const worst = largest(expected.map((value, i) => value - actual[i]!));
  expect(worst).toBeLessThanOrEqual(bound);
  // The training moved far beyond the bound, so that it means something to agree.
  const moved = largest(expected.map((value, i) => value - options.network.parameters[i]!));
  expect(moved).toBeGreaterThan(1000 * bound);

  cpuMetrics.forEach(({ steps: made, samples, costSum }, epoch) => {
    const wanted = referenceMetrics[epoch]!;
    expect({ made, samples }).toEqual({ made: wanted.steps, samples: wanted.samples });
    expect(Math.abs(costSum - wanted.costSum)).toBeLessThanOrEqual(1e-5 * wanted.costSum);
  });
  const evaluation = await cpu.evaluate(dataset);
  const wanted = await reference.evaluate(dataset);
  expect(Math.abs(evaluation.cost - wanted.cost)).toBeLessThanOrEqual(1e-5 * wanted.cost);
  await cpu.dispose();
}

describe('the CPU engine', () => {
  const combinations = activations.flatMap((activation) =>
    outputsAndCosts.flatMap(([output, cost]) =>
      [0, 0.9].map((momentum) => ({ activation, output, cost, momentum })),
    ),
  );

  it.each(combinations)(
    'stays within 50·2⁻²⁴ of the reference over 50 steps: $activation, $output, $cost, momentum $momentum',
    async ({ activation, output, cost, momentum }) => {
      const learningRate = (output === 'linear' ? 0.01 : 0.1) * (momentum > 0 ? 0.1 : 1);
      const optimizer = sgd({ learningRate, momentum });
      // Sizes beside multiples of 4, and epochs whose last step has 2, 1 and 17 samples.
      for (const [layers, sampleCount, batchSize] of [
        [[37, 16, 15, 10], 52, 10],
        [[21, 4], 25, 3],
        [[18, 33, 5], 50, 33],
      ] as const) {
        const network = new Network({ layers, activation, output, cost });
        const dataset = noisyPatterns(testRandom(1), {
          sampleCount,
          featureCount: layers[0],
          classCount: layers.at(-1)!,
          noise: 0.3,
        });
        await compare({ network, batchSize, optimizer }, dataset, 50);
      }
    },
  );

  it.each(['simd', undefined] as const)(
    'stays within 50·2⁻²⁴ of the reference with the network of the lecture: build %s',
    async (build) => {
      const { batchSize, learningRate } = presets.lecture;
      const network = new Network(presets.lecture.network);
      const dataset = randomDataset(testRandom(2), 1000, 784, 10);
      const options = { network, batchSize, optimizer: sgd({ learningRate }) };
      await compare(options, dataset, 50, { build });
    },
  );

  it('trains layers with another activation each', async () => {
    const dataset = randomDataset(testRandom(4), 60, 18, 5);
    for (const activation of [
      ['gelu', 'relu', 'tanh'],
      ['relu', 'gelu', 'linear'],
    ] as const) {
      const network = new Network({ layers: [18, 13, 9, 7, 5], activation });
      await compare({ network, batchSize: 20, optimizer: sgd({ learningRate: 0.1 }) }, dataset, 30);
    }
  });

  it('keeps its optimizers’ state from step to step', async () => {
    const network = new Network({ layers: [18, 33, 5], activation: 'tanh' });
    const dataset = noisyPatterns(testRandom(1), {
      sampleCount: 50,
      featureCount: 18,
      classCount: 5,
      noise: 0.3,
    });
    for (const [optimizer, clipNorm] of [
      [sgd({ learningRate: 0.1, weightDecay: 0.01 }), undefined],
      [sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true }), 0.5],
      [adam({ learningRate: 0.001, epsilon: 0.001, weightDecay: 0.1 }), undefined],
      [adamW({ learningRate: 0.001, epsilon: 0.001 }), 0.5],
    ] as const) {
      await compare({ network, batchSize: 33, optimizer, clipNorm }, dataset, 50);
    }
  });

  it('takes a mini-batch of any size in chunks that add up to the same step', async () => {
    const network = new Network({ layers: [15, 9, 4] });
    const dataset = noisyPatterns(testRandom(3), {
      sampleCount: 301,
      featureCount: 15,
      classCount: 4,
      noise: 0.3,
    });
    await compare({ network, batchSize: 301, optimizer: sgd({ learningRate: 0.3 }) }, dataset, 50);
  });

  it('predicts, and evaluates, as the reference does', async () => {
    const network = new Network({
      layers: [20, 11, 7],
      activation: 'gelu',
      output: 'softmax',
      cost: 'cross-entropy',
    });
    const options = { network, batchSize: 100, optimizer: sgd({ learningRate: 1 }) };
    const dataset = randomDataset(testRandom(4), 333, 20, 6);
    const cpu = await createCpuEngine(options);
    const reference = createReferenceEngine(options);
    const expected = await reference.predict(dataset);
    const actual = await cpu.predict(dataset);
    expect(actual).toHaveLength(333 * 7);
    actual.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6);
    });
    const { confusion, accuracy } = await reference.evaluate(dataset);
    expect(await cpu.evaluate(dataset)).toMatchObject({ confusion, accuracy });
  });

  it('gives the same bits twice', async () => {
    const network = new Network({ layers: [784, 16, 16, 10], initializer: 'normal' });
    const dataset = randomDataset(testRandom(5), 250, 784, 10);
    const once = async (): Promise<Float32Array> => {
      const engine = await createCpuEngine({
        network,
        batchSize: 100,
        optimizer: sgd({ learningRate: 3, momentum: 0.5 }),
      });
      await train(engine, dataset, 100, 20);
      return engine.readParameters();
    };
    expect(await once()).toEqual(await once());
  });

  it('gives back the parameters it was given, bit for bit', async () => {
    const network = new Network({ layers: [5, 3, 2], initializer: 'normal' });
    const engine = await createCpuEngine({
      network,
      batchSize: 1,
      optimizer: sgd({ learningRate: 1 }),
    });
    expect(await engine.readParameters()).toEqual(network.parameters);
  });
});
