/** What the lecture (3Blue1Brown, "Neural networks", chapters 2 to 4) claims, as tests. */
import { describe, expect, it } from 'vitest';
import { createCpuEngine } from '../src/cpu/engine.ts';
import { createDataset } from '../src/data/dataset.ts';
import { fileOrder, shuffledOrder } from '../src/data/shuffle.ts';
import { Network } from '../src/network/network.ts';
import { presets } from '../src/network/presets.ts';
import { backpropagate } from '../src/reference/backpropagation.ts';
import { createReferenceEngine } from '../src/reference/engine.ts';
import { featureValues, labelsOf } from '../src/reference/features.ts';
import { averageNudges } from '../src/reference/nudges.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { noisyPatterns, testRandom } from './support/networks.ts';
import { train } from './support/training.ts';

/** Cost of the whole training set before the first step and after each one. */
async function costsAlongTheWay(batchSize: number, learningRate: number): Promise<number[]> {
  const network = new Network({ layers: [16, 8, 4], initializer: 'normal' });
  const training = noisyPatterns(testRandom(1), {
    sampleCount: 60,
    featureCount: 16,
    classCount: 4,
    noise: 0.5,
  });
  const engine = createReferenceEngine({ network, batchSize, optimizer: sgd({ learningRate }) });
  await engine.load(training);
  const costs = [(await engine.evaluate(training)).cost];
  for (let epoch = 0; costs.length <= 300; epoch++) {
    const step = (epoch * 60) / batchSize;
    engine.beginEpoch(shuffledOrder(1, epoch, 60), { step, epoch, stepOfEpoch: 0 });
    for (let made = 0; made < 60 / batchSize && costs.length <= 300; made++) {
      await engine.run(1);
      costs.push((await engine.evaluate(training)).cost);
    }
  }
  return costs;
}

const rises = (costs: readonly number[]): number =>
  costs.filter((cost, i) => i > 0 && cost > costs[i - 1]!).length;

describe('the lecture', () => {
  it('counts 13,002 weights and biases', () => {
    const network = new Network(presets.lecture.network);
    expect(network.parameterCount).toBe(784 * 16 + 16 * 16 + 16 * 10 + 16 + 16 + 10);
    expect(network.parameterCount).toBe(13_002);
  });

  it('says that the nudges of all samples, averaged, are the negative gradient', () => {
    const network = new Network(presets.lecture.network);
    const dataset = noisyPatterns(testRandom(2), {
      sampleCount: 20,
      featureCount: 784,
      classCount: 10,
      noise: 0.5,
    });
    const features = featureValues(dataset, fileOrder(20));
    const labels = labelsOf(dataset, fileOrder(20));
    const nudges = averageNudges(network, features, labels).parameters;
    const { gradient } = backpropagate({
      network,
      parameters: network.parameters,
      features,
      labels,
    });
    const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(largest).toBeGreaterThan(0);
    const worst = gradient.reduce(
      (max, value, i) => Math.max(max, Math.abs(value + nudges[i]!)),
      0,
    );
    expect(worst).toBeLessThanOrEqual(1e-14 * largest);
  });

  it('says that a small step down the whole gradient never raises the cost', async () => {
    const costs = await costsAlongTheWay(60, 0.1);
    expect(rises(costs)).toBe(0);
    expect(costs.at(-1)).toBeLessThan(costs[0]!);
  });

  it('says that steps of mini-batches stumble now and then, and still get down', async () => {
    const costs = await costsAlongTheWay(4, 0.1);
    expect(rises(costs)).toBeGreaterThan(0);
    expect(rises(costs)).toBeLessThan(150);
    expect(costs.at(-1)).toBeLessThan(costs[0]!);
  });

  it('says that a network shown a single class learns to answer that class, whatever it sees', async () => {
    const everything = noisyPatterns(testRandom(3), {
      sampleCount: 200,
      featureCount: 30,
      classCount: 10,
      noise: 0.4,
    });
    const { featureCount } = everything;
    const twos = fileOrder(200).filter((sample) => everything.labels[sample] === 2);
    const onlyTwos = createDataset({
      ...everything,
      name: 'only twos',
      features: Uint8Array.from({ length: twos.length * featureCount }, (_, k) => {
        const sample = twos[Math.floor(k / featureCount)]!;
        return everything.features[sample * featureCount + (k % featureCount)]!;
      }),
      labels: new Uint8Array(twos.length).fill(2),
    });
    const network = new Network({ layers: [featureCount, 16, 16, 10], initializer: 'normal' });
    const engine = await createCpuEngine({
      network,
      batchSize: 10,
      optimizer: sgd({ learningRate: 3 }),
    });
    const before = await engine.evaluate(everything);
    expect(before.confusion.filter((row) => row[2] === 20).length).toBeLessThan(10);
    await train(engine, onlyTwos, 10, 400);
    const { confusion } = await engine.evaluate(everything);
    expect(confusion.map((row) => row[2])).toEqual(Array(10).fill(20));
  });
});
