/** What the figures about wishes put together, against finite differences of the cost in float64. */
import { describe, expect, it } from 'vitest';

import { parameterLayout } from '../../../src/network/parameters.ts';
import { Random, streams } from '../../../src/network/random.ts';
import { arrowLength, arrowPath } from '../../../src/page/lesson/runtime/arrowPath.ts';
import {
  judge,
  largestFirst,
  largestSize,
  linksInto,
  ranking,
  slopeOf,
  sumOfWishes,
  wishesFor,
  wishFor,
} from '../../../src/page/lesson/runtime/wishes.ts';
import { forwardPass } from '../../../src/reference/backpropagation.ts';
import { sampleNudges } from '../../../src/reference/nudges.ts';

const sizes = [6, 5, 4, 3];
const label = 1;
const features = Float64Array.of(0, 0.2, 1, 0.5, 0.9, 0.1);

function networkOf(activation: 'sigmoid' | 'relu') {
  const random = new Random(7, streams.lesson, 0);
  const { biasOffset, outputs } = parameterLayout(sizes).at(-1)!;
  const parameters = Float64Array.from({ length: biasOffset + outputs }, () => random.normal());
  const shape = { activation, output: 'sigmoid', cost: 'squared-error' } as const;
  return { layers: sizes, ...shape, parameters };
}

/** The outputs that follow from activations of `layer`, with parameters in the layout of the whole network. */
function outputsFrom(
  { parameters, ...network }: ReturnType<typeof networkOf>,
  layer: number,
  activations: Float64Array,
): Float64Array {
  const rest = { ...network, layers: sizes.slice(layer) };
  const from = parameterLayout(sizes)[layer]!.weightOffset;
  const pass = { network: rest, parameters: parameters.subarray(from), labels: [label] };
  return forwardPass({ ...pass, features: activations }).layers.at(-1)!.a;
}

/** The cost, of some outputs only. */
const costOf = (outputs: Float64Array, isOn: readonly boolean[]): number =>
  outputs.reduce((sum, a, j) => sum + (isOn[j] ? (a - (j === label ? 1 : 0)) ** 2 : 0), 0);

const allOn = [true, true, true];
const small = 1e-5;

/** −∂C/∂x by central differences: the value of `change(±small)`. */
const nudgeOf = (costAfter: (by: number) => number): number =>
  -(costAfter(small) - costAfter(-small)) / (2 * small);

const changed = (values: Float64Array, index: number, by: number): Float64Array<ArrayBuffer> =>
  Float64Array.from(values, (value, i) => (i === index ? value + by : value));

const hiddenNeurons = [1, 2].flatMap((layer) =>
  Array.from({ length: sizes[layer]! }, (_, index) => ({ layer, index })),
);
const outputNeurons = Array.from({ length: sizes[3]! }, (_, index) => ({ layer: 3, index }));

describe.each(['sigmoid', 'relu'] as const)('in a network with %s', (activation) => {
  const network = networkOf(activation);
  const nudges = sampleNudges(network, features, label);

  it.each(hiddenNeurons)('the wish for neuron $index of layer $layer lowers the cost', (neuron) => {
    const { a } = nudges.layers[neuron.layer - 1]!;
    const expected = nudgeOf((by) =>
      costOf(outputsFrom(network, neuron.layer, changed(a, neuron.index, by)), allOn),
    );
    expect(wishFor(nudges, neuron)).toBeCloseTo(expected, 7);
    expect(wishesFor(nudges, neuron.layer)[neuron.index]).toBe(wishFor(nudges, neuron));
  });

  it.each(outputNeurons)('the wish for output $index lowers the cost', (neuron) => {
    const { a } = nudges.layers[2]!;
    const expected = nudgeOf((by) => costOf(changed(a, neuron.index, by), allOn));
    expect(wishFor(nudges, neuron)).toBeCloseTo(expected, 7);
    expect(wishesFor(nudges, 3)[neuron.index]).toBe(wishFor(nudges, neuron));
  });

  it.each([...hiddenNeurons, ...outputNeurons])(
    'wish and slope of neuron $index of layer $layer give the nudge of its bias',
    (neuron) => {
      const { biasOffset } = parameterLayout(sizes)[neuron.layer - 1]!;
      const expected = nudgeOf((by) => {
        const parameters = changed(network.parameters, biasOffset + neuron.index, by);
        return costOf(outputsFrom({ ...network, parameters }, 0, features), allOn);
      });
      const { slope, name } = slopeOf(nudges, neuron, activation);
      expect(wishFor(nudges, neuron) * slope).toBeCloseTo(expected, 7);
      expect(name).toBe(neuron.layer === 3 ? 'sigmoid' : activation);
    },
  );

  it.each([...hiddenNeurons, ...outputNeurons])(
    'the links into neuron $index of layer $layer make its z, and their nudges lower the cost',
    (neuron) => {
      const { layer, index } = neuron;
      const { inputs, weightOffset, biasOffset } = parameterLayout(sizes)[layer - 1]!;
      const links = linksInto(nudges, neuron);
      const sum = links.reduce((total, { product }) => total + product, 0);
      const pass = forwardPass({
        ...{ network, parameters: network.parameters, features, labels: [label] },
      });
      const z = pass.layers[layer - 1]!.z[index]!;
      expect(sum + network.parameters[biasOffset + index]!).toBeCloseTo(z, 12);
      expect(links.map(({ input }) => input)).toEqual([...Array(inputs).keys()]);
      for (const { input, nudge } of links) {
        const at = weightOffset + index * inputs + input;
        const expected = nudgeOf((by) => {
          const parameters = changed(network.parameters, at, by);
          return costOf(outputsFrom({ ...network, parameters }, 0, features), allOn);
        });
        expect(nudge).toBeCloseTo(expected, 7);
      }
    },
  );

  it.each([
    [[true, true, true]],
    [[true, false, true]],
    [[false, true, false]],
    [[false, false, false]],
  ])('the wishes of the outputs %j add up to what their part of the cost wishes for', (isOn) => {
    const { a } = nudges.layers[1]!;
    const sums = sumOfWishes(nudges.layers[2]!.wishes, isOn);
    a.forEach((_, neuron) => {
      const expected = nudgeOf((by) =>
        costOf(outputsFrom(network, 2, changed(a, neuron, by)), isOn),
      );
      expect(sums[neuron]).toBeCloseTo(expected, 7);
    });
  });
});

describe('the order of values', () => {
  it('is by size, without the sign; equal ones keep their order', () => {
    expect(ranking([0.1, -3, 2, 3])).toEqual([1, 3, 2, 0]);
    expect(largestFirst([1, -5, 4], (value) => value, 2)).toEqual([-5, 4]);
    expect(largestSize([1, -5, 4])).toBe(5);
    expect(largestSize([])).toBe(0);
  });
});

describe('a guess', () => {
  const outputs = [
    { given: 0.2, wanted: 0, nudge: -0.4 },
    { given: 0.9, wanted: 1, nudge: 0.2 },
    { given: 0.7, wanted: 0, nudge: -1.4 },
  ];

  it('is right when the sign is, and knows the largest nudge', () => {
    expect(judge(2, { isMore: false, largest: 2 }, outputs)).toEqual({
      ...{ isSignRight: true, rank: 0, largest: 2 },
    });
  });

  it('is told how near it came', () => {
    expect(judge(1, { isMore: false, largest: 1 }, outputs)).toEqual({
      ...{ isSignRight: false, rank: 2, largest: 2 },
    });
  });
});

describe('the arrow of a nudge', () => {
  /** The y of all its points, downwards as in SVG. */
  const heights = (path: string) =>
    [...path.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, , y]) => Number(y));

  it.each([2, 6, 30])('with length %d ends that far up, and with −%d that far down', (length) => {
    expect(Math.min(...heights(arrowPath(length, 3)))).toBe(-length);
    expect(Math.max(...heights(arrowPath(-length, 3)))).toBe(length);
  });

  it('is as long as the nudge is large', () => {
    expect(arrowLength(-0.5, 2, 40)).toBe(-10);
    expect(arrowLength(0, 0, 40)).toBe(0);
  });

  it('is a dot for no nudge, and for a value that is no number', () => {
    expect(arrowPath(0, 3)).toContain('a1.2');
    expect(arrowPath(NaN, 3)).toBe(arrowPath(0, 3));
  });
});
