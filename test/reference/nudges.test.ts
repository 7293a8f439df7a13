import { describe, expect, it } from 'vitest';
import { ConfigurationError, NonFiniteError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { parameterLayout } from '../../src/network/parameters.ts';
import { backpropagate, forwardPass } from '../../src/reference/backpropagation.ts';
import { outputActivations } from '../../src/reference/functions.ts';
import {
  averageNudges,
  rankSensitivities,
  sampleNudges,
  timesMoreSensitive,
  type ParameterizedNetwork,
} from '../../src/reference/nudges.ts';
import { normals, outputsAndCosts, testRandom } from '../support/networks.ts';

/** One sample 1, 0 gives 1, 0 in the hidden layer (ReLU) and 2, 1 at the outputs (linear). */
const byHand: ParameterizedNetwork = {
  layers: [2, 2, 2],
  activation: 'relu',
  output: 'linear',
  cost: 'squared-error',
  parameters: Float64Array.of(1, 1, -1, 1, 0, -1, 2, 1, 0, 1, 0, 1),
};

function lectureLike(layers: readonly number[]): ParameterizedNetwork {
  const network = new Network({ layers, initializer: 'normal' });
  const { activation, output, cost } = network;
  return { layers, activation, output, cost, parameters: Float64Array.from(network.parameters) };
}

describe('sampleNudges', () => {
  it('answers every question about a network worked by hand', () => {
    const nudges = sampleNudges(byHand, [1, 0], 1);
    expect(nudges).toMatchObject({ label: 1, prediction: 0, cost: 4 });
    expect(nudges.outputs).toEqual([
      { given: 2, wanted: 0, nudge: -4 },
      { given: 1, wanted: 1, nudge: 0 },
    ]);
    const [first, second] = nudges.layers.map((layer) => ({
      z: [...layer.z],
      a: [...layer.a],
      weights: [...layer.weights],
      biases: [...layer.biases],
      wishes: [...layer.wishes],
      previous: [...layer.previous],
    }));
    expect(second).toEqual({
      z: [2, 1],
      a: [2, 1],
      weights: [-4, 0, 0, 0],
      biases: [-4, 0],
      wishes: [-8, -4, 0, 0],
      previous: [-8, -4],
    });
    expect(first).toEqual({
      z: [1, -2],
      a: [1, 0],
      weights: [-8, 0, 0, 0],
      biases: [-8, 0],
      wishes: [-8, -8, 0, 0],
      previous: [-8, -8],
    });
    expect([...nudges.parameters]).toEqual([-8, 0, 0, 0, -8, 0, -4, 0, 0, 0, -4, 0]);
  });

  it('wants the output of the label raised and every other output lowered, each by how wrong it is', () => {
    const { outputs } = sampleNudges(lectureLike([6, 5, 4]), [0, 0.2, 0.4, 0.6, 0.8, 1], 2);
    outputs.forEach(({ given, wanted, nudge }, j) => {
      expect(wanted).toBe(j === 2 ? 1 : 0);
      expect(nudge).toBe(2 * (wanted - given));
      expect(Math.sign(nudge)).toBe(j === 2 ? 1 : -1);
    });
  });

  it('nudges weights in proportion to the activation before them, and none after a dark pixel', () => {
    const { layers } = sampleNudges(lectureLike([4, 3]), [0, 0.25, 0.5, 1], 0);
    const { weights, biases } = layers[0]!;
    biases.forEach((bias, j) => {
      const row = [...weights.subarray(4 * j, 4 * j + 4)];
      expect(row).toEqual([0, 0.25 * bias, 0.5 * bias, bias]);
    });
  });

  it('adds the wishes of all neurons for each activation before them', () => {
    const { layers } = sampleNudges(lectureLike([5, 4, 3]), [0.1, 0.9, 0.3, 0, 1], 1);
    for (const { inputs, outputs, wishes, previous } of layers) {
      for (let i = 0; i < inputs; i++) {
        let sum = 0;
        for (let j = 0; j < outputs; j++) sum += wishes[j * inputs + i]!;
        expect(previous[i]).toBeCloseTo(sum, 15);
      }
    }
  });

  it.each(outputsAndCosts)(
    'of %s outputs and %s are −∂C/∂a by central differences',
    (output, cost) => {
      const layers = [3, 4, 3];
      const h = 1e-6;
      const network: ParameterizedNetwork = {
        layers,
        activation: 'tanh',
        output,
        cost,
        parameters: normals(testRandom(1), 16 + 15),
      };
      const features = [0.2, 0.5, 0.9];
      const { layers: asked, outputs } = sampleNudges(network, features, 1);

      // The activations before the first layer are the features.
      const costOf = (values: readonly number[]): number =>
        forwardPass({ network, parameters: network.parameters, features: values, labels: [1] })
          .output.costs[0]!;
      features.forEach((value, i) => {
        const difference =
          (costOf(features.with(i, value + h)) - costOf(features.with(i, value - h))) / (2 * h);
        expect(asked[0]!.previous[i]).toBeCloseTo(-difference, 7);
      });

      // The outputs, each moved with the others held; y is 0, 1, 0.
      const costAt = (a: readonly number[]): number => {
        if (cost === 'squared-error') return a[0]! ** 2 + (a[1]! - 1) ** 2 + a[2]! ** 2;
        if (output === 'softmax') return -Math.log(a[1]!);
        return -Math.log(1 - a[0]!) - Math.log(a[1]!) - Math.log(1 - a[2]!);
      };
      const given = outputActivations(output, [...asked[1]!.z]);
      given.forEach((value, j) => {
        const difference =
          (costAt(given.with(j, value + h)) - costAt(given.with(j, value - h))) / (2 * h);
        expect(outputs[j]!.nudge).toBeCloseTo(-difference, 6);
      });
    },
  );

  it('lowers the cost when a little of every nudge is followed', () => {
    const network = lectureLike([6, 5, 4]);
    const features = [0.9, 0.1, 0.4, 0, 0.7, 1];
    const before = sampleNudges(network, features, 3);
    const parameters = network.parameters.map((value, i) => value + 0.01 * before.parameters[i]!);
    expect(sampleNudges({ ...network, parameters }, features, 3).cost).toBeLessThan(before.cost);
  });

  it('refuses features and labels that are not of the network', () => {
    expect(() => sampleNudges(byHand, [1, 0, 0], 1)).toThrow(ConfigurationError);
    expect(() => sampleNudges(byHand, [1, 0], 2)).toThrow(ConfigurationError);
  });
});

it('a sample whose nudges are not finite asks for nothing: it is an error', () => {
  const { parameters } = byHand;
  const spoiled = [
    [byHand, [NaN, 0]],
    [byHand, [1e200, 0]],
    [{ ...byHand, parameters: parameters.map((value, i) => (i === 8 ? Infinity : value)) }, [1, 0]],
  ] as const;
  for (const [network, features] of spoiled) {
    expect(() => sampleNudges(network, features, 1)).toThrow(NonFiniteError);
    expect(() => averageNudges(network, features, [1])).toThrow(NonFiniteError);
  }
});

describe('averageNudges', () => {
  it('of a mini-batch is the negative gradient', () => {
    const network = lectureLike([20, 16, 16, 10]);
    const random = testRandom(2);
    const labels = Array.from({ length: 25 }, () => random.integer(10));
    const features = Float64Array.from({ length: 25 * 20 }, () => random.uniform());
    const { parameters, layers } = averageNudges(network, features, labels);
    const { gradient } = backpropagate({
      network,
      parameters: network.parameters,
      features,
      labels,
    });
    const largest = Math.max(...gradient.map(Math.abs));
    gradient.forEach((value, i) => {
      expect(Math.abs(parameters[i]! + value)).toBeLessThanOrEqual(1e-14 * largest);
    });
    parameterLayout(network.layers).forEach(({ weightOffset, biasOffset, outputs }, l) => {
      expect(layers[l]!.weights).toEqual(parameters.slice(weightOffset, biasOffset));
      expect(layers[l]!.biases).toEqual(parameters.slice(biasOffset, biasOffset + outputs));
    });
  });
});

describe('rankSensitivities', () => {
  const nudges = Float64Array.of(0.1, -3.2, 0, 0.5, 99, 99, 2, -0.1, 0.25, 0, 99, 99);

  it('sorts the weights, not the biases, by |∂C/∂W|, equals in the order of the parameters', () => {
    const ranking = rankSensitivities(byHand, nudges);
    expect(ranking.map(({ layer, output, input, nudge }) => [layer, output, input, nudge])).toEqual(
      [
        [0, 0, 1, -3.2],
        [1, 0, 0, 2],
        [0, 1, 1, 0.5],
        [1, 1, 0, 0.25],
        [0, 0, 0, 0.1],
        [1, 0, 1, -0.1],
        [0, 1, 0, 0],
        [1, 1, 1, 0],
      ],
    );
    expect(ranking.every(({ nudge, sensitivity }) => sensitivity === Math.abs(nudge))).toBe(true);
  });

  it('returns as many as are asked for', () => {
    expect(rankSensitivities(byHand, nudges, 2)).toEqual(
      rankSensitivities(byHand, nudges).slice(0, 2),
    );
  });

  it('says how many times more sensitive the cost is to one weight than to another', () => {
    const [first, , , , fifth, , zero, otherZero] = rankSensitivities(byHand, nudges);
    expect(timesMoreSensitive(byHand, nudges, first!, fifth!)).toBe(32);
    expect(timesMoreSensitive(byHand, nudges, fifth!, first!)).toBe(1 / 32);
    expect(timesMoreSensitive(byHand, nudges, first!, zero!)).toBe(Infinity);
    expect(timesMoreSensitive(byHand, nudges, zero!, otherZero!)).toBe(1);
  });

  it.each([
    { layer: 2, output: 0, input: 0 },
    { layer: 0, output: 2, input: 0 },
    { layer: 0, output: 0, input: 2 },
    { layer: 0, output: 0, input: -1 },
  ])('refuses $layer, $output, $input, which is no weight of the network', (address) => {
    const { layer, output, input } = address;
    expect(() => timesMoreSensitive(byHand, nudges, address, address)).toThrow(
      new ConfigurationError(
        `There is no weight from input ${input} to output ${output} of layer ${layer} ` +
          'in a network 2-2-2. All three count from 0.',
      ),
    );
  });
});
