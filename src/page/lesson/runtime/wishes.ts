/** How the numbers of an example's nudges belong together: which terms make a sum, and which factors a product. */
import type { OutputNudge, SampleNudges } from '../../../reference/nudges.ts';
import type { HiddenActivation } from '../../../network/layers.ts';
import type { NeuronChoice } from '../session.ts';

/** The layer that has the outputs; 0 is the image. */
const lastLayer = 3;

/** The activations of a layer: 0 is the image. */
export function activationsBehind(
  { features, layers }: SampleNudges,
  { layer }: NeuronChoice,
): Float64Array {
  return layer === 1 ? features : layers[layer - 2]!.a;
}

/** −∂C/∂a of a neuron: what the example wishes for its activation. */
export function wishFor({ outputs, layers }: SampleNudges, { layer, index }: NeuronChoice): number {
  return layer === lastLayer ? outputs[index]!.nudge : layers[layer]!.previous[index]!;
}

/** The wishes of all neurons of a layer from 1 to 3. */
export function wishesFor(nudges: SampleNudges, layer: number): Float64Array {
  return layer === lastLayer
    ? Float64Array.from(nudges.outputs, ({ nudge }) => nudge)
    : nudges.layers[layer]!.previous;
}

/** The slope of a neuron's activation function, σ′(z) or that of ReLU. The outputs have a sigmoid in every script. */
export function slopeOf(
  { layers }: SampleNudges,
  { layer, index }: NeuronChoice,
  hidden: HiddenActivation & string,
): { readonly name: 'sigmoid' | 'relu'; readonly slope: number } {
  const a = layers[layer - 1]!.a[index]!;
  return layer !== lastLayer && hidden === 'relu'
    ? { name: 'relu', slope: a > 0 ? 1 : 0 }
    : { name: 'sigmoid', slope: a * (1 - a) };
}

/** A weight into a neuron, with everything that meets in it. */
export interface Link {
  /** The index of the neuron behind. */
  readonly input: number;
  readonly weight: number;
  /** The activation behind the weight. */
  readonly activation: number;
  /** Its part of the neuron's z. */
  readonly product: number;
  /** What the weight should do, −δ·a. */
  readonly nudge: number;
  /** What the neuron wishes for the activation behind, −δ·w. */
  readonly wish: number;
}

/** All weights into a neuron of layer 1 to 3, in order. */
export function linksInto(nudges: SampleNudges, neuron: NeuronChoice): Link[] {
  const { inputs, usedWeights, weights, wishes } = nudges.layers[neuron.layer - 1]!;
  const from = neuron.index * inputs;
  return Array.from(activationsBehind(nudges, neuron), (activation, input) => {
    const weight = usedWeights[from + input]!;
    return {
      ...{ input, weight, activation, product: weight * activation },
      ...{ nudge: weights[from + input]!, wish: wishes[from + input]! },
    };
  });
}

/** The links whose `value` is largest, without its sign, the largest first. Equal ones keep their order. */
export function largestFirst<Item>(
  items: readonly Item[],
  value: (item: Item) => number,
  count = Infinity,
): Item[] {
  return items.toSorted((a, b) => Math.abs(value(b)) - Math.abs(value(a))).slice(0, count);
}

/** The indices of the values, the largest without its sign first. */
export function ranking(values: ArrayLike<number>): number[] {
  return largestFirst(
    Array.from(values, (value, index) => ({ value, index })),
    ({ value }) => value,
  ).map(({ index }) => index);
}

/** The largest value without its sign; 0 of none. */
export function largestSize(values: Iterable<number>): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/**
 * The sum of those outputs' wishes that are on, for each neuron of the layer before.
 * @param wishes [outputs, inputs]
 */
export function sumOfWishes(wishes: Float64Array, isOn: readonly boolean[]): Float64Array {
  const inputs = wishes.length / isOn.length;
  const sums = new Float64Array(inputs);
  isOn.forEach((on, output) => {
    if (!on) return;
    for (let i = 0; i < inputs; i++) sums[i]! += wishes[output * inputs + i]!;
  });
  return sums;
}

/** What the reader expects before the answer is shown. */
export interface Guess {
  /** Whether the output asked for wants more. */
  readonly isMore: boolean;
  /** The output that wants the largest nudge. */
  readonly largest: number;
}

export interface Judgement {
  readonly isSignRight: boolean;
  /** 0 if the guessed output does want the largest nudge, 1 if the second largest, and so on. */
  readonly rank: number;
  /** The output that wants the largest nudge. */
  readonly largest: number;
}

/** @param asked the output whose sign was asked for */
export function judge(
  asked: number,
  { isMore, largest: guessed }: Guess,
  outputs: readonly OutputNudge[],
): Judgement {
  const order = ranking(outputs.map(({ nudge }) => nudge));
  return {
    isSignRight: outputs[asked]!.nudge > 0 === isMore,
    rank: order.indexOf(guessed),
    largest: order[0]!,
  };
}
