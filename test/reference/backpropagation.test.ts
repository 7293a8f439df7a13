import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { activations, type Activation } from '../../src/network/activations.ts';
import type { Cost, Output } from '../../src/network/functions.ts';
import { countParameters } from '../../src/network/parameters.ts';
import {
  backpropagate,
  forwardPass,
  type PassArguments,
} from '../../src/reference/backpropagation.ts';
import { normals, outputsAndCosts, testRandom } from '../support/networks.ts';

/** A random network of one to three layers on a random mini-batch. */
function randomPass(
  index: number,
  activation: Activation,
  output: Output,
  cost: Cost,
): PassArguments {
  const random = testRandom(index);
  const depth = 2 + random.integer(3);
  const layers = Array.from({ length: depth }, () => 1 + random.integer(7));
  layers[depth - 1]! += 1;
  const batchSize = 1 + random.integer(4);
  return {
    network: { layers, activation, output, cost },
    parameters: normals(random, countParameters(layers)),
    features: Float64Array.from({ length: batchSize * layers[0]! }, () => random.uniform()),
    labels: Array.from({ length: batchSize }, () => random.integer(layers.at(-1)!)),
  };
}

/** Whether a step of 1e-5 might carry a hidden neuron over the kink of ReLU, where there is no derivative. */
function isNearKink(pass: PassArguments): boolean {
  if (!String(pass.network.activation).endsWith('relu')) return false;
  return forwardPass(pass).layers.some(({ z }, l, all) =>
    l < all.length - 1 ? z.some((value) => Math.abs(value) < 1e-2) : false,
  );
}

function meanCost(pass: PassArguments): number {
  const { costs } = forwardPass(pass).output;
  return costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
}

const norm = (values: Float64Array): number => Math.hypot(...values);
const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Networks for each of the 30 combinations of activation, output and cost: 210 in all. */
const networksEach = 7;
const directionsEach = 4;

describe('backpropagate', () => {
  const combinations = activations.flatMap((activation, a) =>
    outputsAndCosts.map(([output, cost], o) => ({
      activation,
      output,
      cost,
      seed: 100 * (5 * a + o),
    })),
  );

  it('gives the gradient of layers with another activation each', () => {
    const layers = [5, 4, 3, 2];
    const network = new Network({ layers, activation: ['gelu', 'tanh'], seed: 3 });
    const random = testRandom(2_000_000);
    const parameters = Float64Array.from(network.parameters);
    const pass = { network, parameters, features: normals(random, 15), labels: [0, 1, 1] };
    const { gradient } = backpropagate(pass);
    const h = 1e-5;
    const costAt = (i: number, by: number) =>
      backpropagate({ ...pass, parameters: parameters.with(i, parameters[i]! + by) }).cost;
    gradient.forEach((slope, i) => {
      expect(Math.abs(slope - (costAt(i, h) - costAt(i, -h)) / (2 * h))).toBeLessThan(1e-8);
    });
  });

  it.each(combinations)(
    'gives the gradient of $activation, $output, $cost by central differences, to 1e-6 relative',
    ({ activation, output, cost, seed }) => {
      const h = 1e-5;
      let checked = 0;
      for (let index = seed; checked < networksEach; index++) {
        const pass = randomPass(index, activation, output, cost);
        if (isNearKink(pass)) continue;
        checked++;
        const { gradient } = backpropagate(pass);
        const random = testRandom(1_000_000 + index);
        for (let d = 0; d < directionsEach; d++) {
          const direction = normals(random, gradient.length);
          const scale = 1 / norm(direction);
          const shifted = (by: number): number =>
            meanCost({
              ...pass,
              parameters: Float64Array.from(
                pass.parameters,
                (value, i) => value + by * scale * direction[i]!,
              ),
            });
          const difference = (shifted(h) - shifted(-h)) / (2 * h);
          const derivative = scale * dot(gradient, direction);
          expect(Math.abs(derivative - difference)).toBeLessThanOrEqual(
            1e-6 * Math.abs(derivative),
          );
        }
      }
    },
  );

  it('gives z, a and delta of every layer, the mean cost and the predictions of a network worked by hand', () => {
    // One sample 1, 0 through W = [[1, 1], [−1, 1]], b = 0, −1 (ReLU), then W = [[2, 1], [0, 1]], b = 0, 1 (linear).
    const { layers, gradient, cost, predictions } = backpropagate({
      network: { layers: [2, 2, 2], activation: 'relu', output: 'linear', cost: 'squared-error' },
      parameters: Float64Array.of(1, 1, -1, 1, 0, -1, 2, 1, 0, 1, 0, 1),
      features: [1, 0],
      labels: [1],
    });
    expect(layers.map(({ z }) => [...z])).toEqual([
      [1, -2],
      [2, 1],
    ]);
    expect(layers.map(({ a }) => [...a])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    expect(layers.map(({ delta }) => [...delta])).toEqual([
      [8, 0],
      [4, 0],
    ]);
    expect([...gradient]).toEqual([8, 0, 0, 0, 8, 0, 4, 0, 0, 0, 4, 0]);
    expect(cost).toBe(4);
    expect([...predictions]).toEqual([0]);
  });

  it('averages over the mini-batch: a sample twice changes nothing', () => {
    const pass = randomPass(5, 'gelu', 'softmax', 'cross-entropy');
    const once = backpropagate(pass);
    const twice = backpropagate({
      ...pass,
      features: [...Array.from(pass.features), ...Array.from(pass.features)],
      labels: [...Array.from(pass.labels), ...Array.from(pass.labels)],
    });
    expect(twice.cost).toBeCloseTo(once.cost, 14);
    twice.gradient.forEach((value, i) => {
      expect(value).toBeCloseTo(once.gradient[i]!, 14);
    });
  });

  const network = {
    layers: [2, 3],
    activation: 'sigmoid',
    output: 'sigmoid',
    cost: 'squared-error',
  } as const;
  const parameters = new Float64Array(9);
  it.each([
    [
      { network, parameters: new Float64Array(8), features: [0, 0], labels: [0] },
      'A network 2-3 has 9 parameters; got 8. Give the parameters of exactly one network.',
    ],
    [
      { network, parameters, features: [0, 0, 0], labels: [0] },
      'A network 2-3 needs 2 features for 1 labels; got 3. Give at least one label, and 2 features per label.',
    ],
    [
      { network, parameters, features: [], labels: [] },
      'A network 2-3 needs 0 features for 0 labels; got 0. Give at least one label, and 2 features per label.',
    ],
    [
      { network, parameters, features: [0, 0], labels: [3] },
      'A network 2-3 has 3 outputs, so labels must be integers from 0 to 2; got 3.',
    ],
  ])('refuses sizes that disagree (%#)', (pass, message) => {
    expect(() => backpropagate(pass)).toThrow(new ConfigurationError(message));
  });
});
