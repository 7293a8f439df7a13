import { describe, expect, it } from 'vitest';
import { DisposedError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { backpropagate, forwardPass } from '../../src/reference/backpropagation.ts';
import { createReferenceEngine } from '../../src/reference/engine.ts';
import { featureValues, labelsOf } from '../../src/reference/features.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { noisyPatterns, randomDataset, testRandom } from '../support/networks.ts';
import { train } from '../support/training.ts';

describe('the reference engine', () => {
  const network = new Network({ layers: [9, 7, 4], activation: 'tanh' });
  const dataset = randomDataset(testRandom(1), 10, 9, 4);

  it('makes a step along the negative gradient of the mini-batch, in float64', async () => {
    const engine = createReferenceEngine({
      network,
      batchSize: 4,
      optimizer: sgd({ learningRate: 0.5 }),
    });
    await engine.load(dataset);
    engine.beginEpoch(Uint32Array.of(9, 3, 5, 0, 1, 2, 4, 6, 7, 8), new TrainingCursor());
    const { cost, costs, gradient } = backpropagate({
      network,
      parameters: network.parameters,
      features: featureValues(dataset, [9, 3, 5, 0]),
      labels: labelsOf(dataset, [9, 3, 5, 0]),
    });
    const metrics = await engine.run(1);
    expect(engine.parameters).toEqual(
      Float64Array.from(network.parameters, (value, i) => value - 0.5 * gradient[i]!),
    );
    expect(metrics).toMatchObject({ steps: 1, samples: 4 });
    expect(metrics.costSum).toBeCloseTo(4 * cost, 14);
    expect(costs).toHaveLength(4);
    expect(await engine.readParameters()).toEqual(Float32Array.from(engine.parameters));
  });

  it('averages the last, short mini-batch of an epoch over its own size', async () => {
    const engine = createReferenceEngine({
      network,
      batchSize: 4,
      optimizer: sgd({ learningRate: 0.5 }),
    });
    await engine.load(dataset);
    engine.beginEpoch(
      Uint32Array.from({ length: 10 }, (_, i) => i),
      { step: 2, epoch: 0, stepOfEpoch: 2 },
    );
    const { gradient } = backpropagate({
      network,
      parameters: network.parameters,
      features: featureValues(dataset, [8, 9]),
      labels: labelsOf(dataset, [8, 9]),
    });
    expect(await engine.run(1)).toMatchObject({ steps: 1, samples: 2 });
    expect(engine.parameters).toEqual(
      Float64Array.from(network.parameters, (value, i) => value - 0.5 * gradient[i]!),
    );
  });

  it('gives the same gradient for a mini-batch that it takes in several chunks', async () => {
    const large = noisyPatterns(testRandom(2), {
      sampleCount: 300,
      featureCount: 9,
      classCount: 4,
      noise: 0.5,
    });
    const engine = createReferenceEngine({
      network,
      batchSize: 300,
      optimizer: sgd({ learningRate: 1 }),
    });
    await train(engine, large, 300, 1);
    const all = Array.from({ length: 300 }, (_, i) => i);
    const { gradient } = backpropagate({
      network,
      parameters: network.parameters,
      features: featureValues(large, all),
      labels: labelsOf(large, all),
    });
    engine.parameters.forEach((value, i) => {
      expect(Math.abs(value - (network.parameters[i]! - gradient[i]!))).toBeLessThan(1e-15);
    });
  });

  it('evaluates and predicts a dataset of several chunks as one forward pass does', async () => {
    const many = randomDataset(testRandom(3), 300, 9, 4);
    const all = Array.from({ length: 300 }, (_, i) => i);
    const { output } = forwardPass({
      network,
      parameters: network.parameters,
      features: featureValues(many, all),
      labels: many.labels,
    });
    const engine = createReferenceEngine({
      network,
      batchSize: 4,
      optimizer: sgd({ learningRate: 1 }),
    });
    expect(await engine.predict(many)).toEqual(Float32Array.from(output.a));
    const { cost, accuracy, confusion } = await engine.evaluate(many);
    expect(cost).toBeCloseTo(output.costs.reduce((sum, c) => sum + c, 0) / 300, 14);
    const hits = all.filter((n) => output.predictions[n] === many.labels[n]).length;
    expect(accuracy).toBe(hits / 300);
    expect(confusion.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual(
      [0, 1, 2, 3].map((label) => many.labels.filter((found) => found === label).length),
    );
  });

  it('shows its parameters as a copy, and none after it was disposed of', async () => {
    const engine = createReferenceEngine({
      network,
      batchSize: 4,
      optimizer: sgd({ learningRate: 1 }),
    });
    engine.parameters.fill(0);
    expect(await engine.readParameters()).toEqual(network.parameters);
    await engine.dispose();
    expect(() => engine.parameters).toThrow(DisposedError);
  });
});
