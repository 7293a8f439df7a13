import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parameterLayout } from '../../../src/network/parameters.ts';
import { presets } from '../../../src/network/presets.ts';
import { Course } from '../../../src/page/lesson/worker/course.ts';
import { costTasks } from '../../../src/page/lesson/worker/cost.ts';
import {
  flatBelow,
  neuronStates,
  sensitivityTasks,
} from '../../../src/page/lesson/worker/sensitivity.ts';
import { pointCount, wiggleTasks } from '../../../src/page/lesson/worker/wiggle.ts';
import { backpropagate, forwardPass } from '../../../src/reference/backpropagation.ts';
import { featureValues } from '../../../src/reference/features.ts';
import { rankSensitivities, type WeightAddress } from '../../../src/reference/nudges.ts';
import { firstScript } from '../../../src/page/lesson/moment.ts';

/** Float32 results of a few hundred products against float64. */
const float32 = 1e-5;

const context = { signal: new AbortController().signal, emit: () => undefined, port: undefined! };

async function openCourse() {
  const course = await Course.open({ script: firstScript, step: 40 }, nothing, nothing);
  const get = () => Promise.resolve(course);
  const tasks = { ...costTasks(get), ...sensitivityTasks(get), ...wiggleTasks(get) };
  const { pixels, label } = course.example;
  const network = await course.network();
  return {
    ...{ course, tasks, network },
    layout: parameterLayout(network.layers),
    features: Float64Array.from(pixels, (byte) => byte / 255),
    labels: [label],
    close: async () => {
      course.data.dispose();
      await course.trainer.dispose();
    },
  };
}

const nothing = (): void => undefined;

let lesson: Awaited<ReturnType<typeof openCourse>>;
beforeAll(async () => {
  lesson = await openCourse();
});
afterAll(() => lesson.close());

describe('the costs', () => {
  it("are the reference's, for the example and for every test digit", async () => {
    const { course, tasks, network, features, labels } = lesson;
    const { parameters } = network;
    const { example, test } = await tasks.costs({}, context);
    const own = forwardPass({ network, parameters, features, labels }).output;
    expect(example.cost).toBeCloseTo(own.costs[0]!, 5);
    example.squares.forEach(({ given, wanted, square }, j) => {
      expect(given).toBeCloseTo(own.a[j]!, 5);
      expect(wanted).toBe(j === labels[0] ? 1 : 0);
      expect(square).toBeCloseTo((own.a[j]! - wanted) ** 2, 5);
    });

    const digits = course.data.test;
    const samples = [...Array(digits.sampleCount).keys()];
    const all = forwardPass({
      ...{ network, parameters, labels: digits.labels },
      features: featureValues(digits, samples),
    }).output;
    for (const n of samples) expect(Math.abs(test.costs[n]! - all.costs[n]!)).toBeLessThan(float32);
    const mean = all.costs.reduce((sum, cost) => sum + cost, 0) / samples.length;
    expect(test.mean).toBeCloseTo(mean, 5);
    // An output near another one may be larger in float32.
    const wrong = samples.filter((n) => all.predictions[n] !== digits.labels[n]).length;
    expect(Math.abs(test.wrong - wrong)).toBeLessThanOrEqual(1);
    expect(test.isRight.filter((right) => right === 0)).toHaveLength(test.wrong);
  });

  it('are ranked from the cheapest to the most expensive digit', async () => {
    const { test, example } = await lesson.tasks.costs({}, context);
    expect([...test.order].sort((a, b) => a - b)).toEqual([...test.costs.keys()]);
    const ranked = Array.from(test.order, (sample) => test.costs[sample]!);
    expect(ranked).toEqual(ranked.toSorted((a, b) => a - b));
    const shown = lesson.course.example;
    expect(shown.kind === 'test' && test.order[example.cheaper]).toBe(
      shown.kind === 'test' && shown.index,
    );
    expect(test.costs[test.order[example.cheaper]!]).toBeCloseTo(example.cost, 5);
    expect(ranked.findLastIndex((cost) => cost < test.mean) + 1).toBe(test.belowMean);
  });
});

describe('the sensitivities', () => {
  let weights: readonly [WeightAddress, WeightAddress];
  beforeAll(() => {
    // A pixel with ink.
    const input = lesson.features.findIndex((value) => value > 0.9);
    weights = [
      { layer: 2, output: 2, input: 12 },
      { layer: 0, output: 6, input },
    ];
  });

  it("are the reference's gradient, ranked", async () => {
    const { tasks, network, features, labels, layout } = lesson;
    const { gradient } = backpropagate({
      ...{ network, parameters: network.parameters, features, labels },
    });
    const { nudges, order, zeros, chosen, times } = await tasks.sensitivities({ weights }, context);
    gradient.forEach((slope, i) => expect(Math.abs(nudges[i]! + slope)).toBeLessThan(float32));
    expect(zeros).toBe(gradient.filter((slope) => slope === 0).length);
    expect(order).toHaveLength(gradient.length - zeros);
    const sizes = Array.from(order, (place) => Math.abs(nudges[place]!));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));

    weights.forEach(({ layer, output, input }, n) => {
      const { weightOffset, inputs } = layout[layer]!;
      const place = weightOffset + output * inputs + input;
      expect(chosen[n]).toMatchObject({
        weight: network.parameters[place],
        nudge: nudges[place],
        rank: order.indexOf(place) + 1,
      });
    });
    // By finite differences: no gradient is involved.
    const slopes = weights.map((weight) => {
      const { weightOffset, inputs } = layout[weight.layer]!;
      return differenceQuotient(weightOffset + weight.output * inputs + weight.input);
    });
    expect(times / Math.abs(slopes[0]! / slopes[1]!)).toBeCloseTo(1, 3);
  });

  it('propose the most sensitive weight, and one from the middle of those between neurons', async () => {
    const { tasks, network } = lesson;
    const { nudges } = await tasks.sensitivities({ weights }, context);
    const ranked = rankSensitivities(network, nudges).filter(({ sensitivity }) => sensitivity > 0);
    const lines = ranked.filter(({ layer }) => layer > 0);
    const { mostSensitive, middle } = await tasks.proposeWeights({}, context);
    expect(ranked[0]).toMatchObject(mostSensitive);
    expect(lines[Math.floor(lines.length / 2)]).toMatchObject(middle);
  });

  it("mark neurons whose slope is small, by the reference's activations", async () => {
    const { course, tasks, network, features, labels } = lesson;
    const { parameters } = network;
    const { neurons, looked } = await tasks.sensitivities({ weights }, context);
    const one = forwardPass({ network, parameters, features, labels });
    const test = course.data.test;
    const many = forwardPass({
      ...{ network, parameters, labels: test.labels.subarray(0, looked) },
      features: featureValues(test, [...Array(looked).keys()]),
    });
    const isFlat = (a: number) => 4 * a * (1 - a) < flatBelow;
    neurons.forEach((states, l) => {
      states.forEach(({ slope, flat, state }, j) => {
        const a = one.layers[l]!.a[j]!;
        expect(slope).toBeCloseTo(4 * a * (1 - a), 4);
        const size = states.length;
        const times = many.layers[l]!.a.filter((_, k) => k % size === j).filter(isFlat).length;
        expect(Math.abs(flat - times / looked)).toBeLessThan(0.011);
        const isStopped = l < 2 && flat >= 0.95;
        expect(state).toBe(isStopped ? 'saturated' : slope < flatBelow ? 'flat' : 'works');
      });
    });
    // Both kinds occur in this network.
    const states = neurons.flat().map(({ state }) => state);
    expect(states).toContain('works');
    expect(states).toContain('flat');
  });

  it('mark a ReLU neuron as dead only if it is active for no digit', () => {
    const network = {
      ...presets.lecture.network,
      activation: 'relu',
      layers: [1, 2, 3, 1],
    } as const;
    const example = [[0, 0], [0, 0, 3], [0.5]].map((values) => Float64Array.from(values));
    const digits = [
      [0, 0, 0, 2],
      [0, 0, 0, 0, 1, 0],
      [0.5, 0.999],
    ].map((values) => Float64Array.from(values));
    const states = neuronStates(network, example, digits);
    expect(states.map((layer) => layer.map(({ state }) => state))).toEqual([
      ['dead', 'flat'],
      ['dead', 'flat', 'dead'],
      ['works'],
    ]);
    expect(states.map((layer) => layer.map(({ flat }) => flat))).toEqual([
      [1, 0.5],
      [1, 0.5, 1],
      [0.5],
    ]);
  });
});

describe('the wiggled weight', () => {
  it.each([0, 1, 2])(
    'in layer %i has the costs of a network with that weight, and the slope at the weight as it is',
    async (layer) => {
      const { tasks, network, features, labels, layout } = lesson;
      const input = layer === 0 ? features.findIndex((value) => value > 0.9) : 6;
      const weight = { layer, output: 4, input };
      const { weightOffset, inputs } = layout[weight.layer]!;
      const place = weightOffset + weight.output * inputs + weight.input;
      const curve = await tasks.wiggle({ weight, span: 2 }, context);
      expect(curve.changes).toHaveLength(pointCount);
      expect([curve.changes[0], curve.changes.at(-1)]).toEqual([-2, 2]);
      curve.changes.forEach((change, n) => {
        const parameters = Float64Array.from(network.parameters);
        parameters[place]! += change;
        const { costs } = forwardPass({ network, parameters, features, labels }).output;
        expect(curve.costs[n]).toBeCloseTo(costs[0]!, 12);
        expect(curve.real[n]).toBeCloseTo(costs[0]! - curve.cost, 12);
      });
      expect(curve.slope).toBeCloseTo(differenceQuotient(place), 5);
      expect(curve.weight).toBe(network.parameters[place]);
    },
  );

  it('changes the cost as the gradient predicts, within the second-order term and a tenth of it', async () => {
    const { mostSensitive } = await lesson.tasks.proposeWeights({}, context);
    const { real, predicted, bends, changes, slope } = await lesson.tasks.wiggle(
      { weight: mostSensitive, span: 0.1 },
      context,
    );
    const error = (n: number) => real[n]! - predicted[n]!;
    for (const n of [0, 10, 20, 40, 50, 60]) {
      expect(predicted[n]).toBe(slope * changes[n]!);
      // The engine's slope is of float32.
      expect(Math.abs(error(n) - bends[n]!)).toBeLessThan(0.1 * Math.abs(bends[n]!) + float32);
      expect(Math.abs(bends[n]!)).toBeLessThan(0.2 * Math.abs(predicted[n]!));
    }
  });
});

/** ∂C/∂θ of the example without backpropagation. */
function differenceQuotient(place: number): number {
  const { network, features, labels } = lesson;
  const costAt = (change: number): number => {
    const parameters = Float64Array.from(network.parameters);
    parameters[place]! += change;
    return forwardPass({ network, parameters, features, labels }).output.costs[0]!;
  };
  const h = 1e-5;
  return (costAt(h) - costAt(-h)) / (2 * h);
}

it('the lesson has the sizes and functions that the views draw', () => {
  const { layers, output, cost } = presets.lecture.network;
  expect(layers).toEqual([784, 16, 16, 10]);
  expect([output, cost]).toEqual(['sigmoid', 'squared-error']);
});
