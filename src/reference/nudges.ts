/**
 * The lecture's view of one sample: the network's answer, the correct answer, and the direction in which every output,
 * bias, weight and activation should change.
 *
 * A *nudge* is −∂C/∂x, the direction that lowers the sample's cost. A positive nudge means "more", a negative one
 * "less", and its size is the effect of a change on the cost. The average of the weight and bias nudges over a
 * mini-batch is the negative gradient, which a step of gradient descent follows.
 */
import type { Pass, PassLayer, Values } from '../engine/pass.ts';
import { ConfigurationError, NonFiniteError } from '../errors.ts';
import { isList, requireObject, requireTexts, show } from '../network/arguments.ts';
import {
  costs,
  outputs,
  requireCompatible,
  requireOneOf,
  type Cost,
  type Output,
} from '../network/functions.ts';
import { settleLayers } from '../network/layers.ts';
import { countParameters, parameterLayout, requireLayerSizes } from '../network/parameters.ts';
import { backpropagate, type NetworkShape } from './backpropagation.ts';

/** A network with its parameters: a `Network`, or an object with float64 parameters. */
export type ParameterizedNetwork = NetworkShape & {
  readonly parameters: Values;
};

/** The nudge of one output neuron. */
export interface OutputNudge {
  /** The neuron's activation, from 0 to 1 unless the outputs are linear. */
  readonly given: number;
  /** 1 for the neuron of the sample's label, 0 for the others. */
  readonly wanted: number;
  /** −∂C/∂a of this output, with the other outputs fixed. For squared error it is 2·(wanted − given). */
  readonly nudge: number;
}

/** The nudges of one layer's weights and biases. They are views of one array in the layout of `parameterLayout`. */
export interface ParameterNudges {
  readonly inputs: number;
  readonly outputs: number;
  /** −∂C/∂W[j,i], [outputs, inputs]. It is proportional to the activation of input i. */
  readonly weights: Float64Array;
  /** −∂C/∂b[j], [outputs]. */
  readonly biases: Float64Array;
}

/** One layer's values and nudges for a sample. */
export interface LayerNudges extends ParameterNudges {
  /** Weights and biases at that moment, [outputs, inputs] and [outputs]; views of `usedParameters`. */
  readonly usedWeights: Values;
  readonly usedBiases: Values;
  /** Pre-activations, [outputs]. */
  readonly z: Float64Array;
  /** Activations, [outputs]. */
  readonly a: Float64Array;
  /** The wish of each neuron j for each input activation i, −∂C/∂z[j]·W[j,i], [outputs, inputs]. */
  readonly wishes: Float64Array;
  /**
   * −∂C/∂a of the previous layer, [inputs]: the sum of all neurons' wishes. Activations cannot be set directly, so the
   * previous layer turns this into nudges of its own weights. For the first layer it is the nudge of the image.
   */
  readonly previous: Float64Array;
}

/** What one sample wishes for, as plain data. */
export interface SampleNudges {
  /** The sample's values from 0 to 1, [layers[0]]. */
  readonly features: Float64Array;
  readonly label: number;
  /** The network's answer: the index of the largest output. */
  readonly prediction: number;
  readonly cost: number;
  /** One entry per output neuron. */
  readonly outputs: readonly OutputNudge[];
  /** Entry l has weights l and the layer after them; the first entry is next to the input. */
  readonly layers: readonly LayerNudges[];
  /** All nudges of weights and biases, −∂C/∂θ, in the layout of `parameterLayout`. */
  readonly parameters: Float64Array;
  /** The parameters that all this was computed with, in the same layout; a copy. */
  readonly usedParameters: Values;
}

/** A pass of one sample. The pre-activations z are computed from the activations where they are missing. */
type SamplePass = Pass & { readonly layers: readonly (PassLayer & { readonly z?: Values })[] };

/**
 * Computes the nudges of one sample, in float64.
 * @param features values from 0 to 1, [layers[0]]
 * @param label the index of the output that should be 1
 * @throws {ConfigurationError} when the number of features or the label does not match the network
 * @throws {NonFiniteError} when the cost or a nudge of a weight or bias is NaN or infinite
 *
 * @example
 * const { outputs, layers } = sampleNudges(network, image, 2);
 * outputs[2].nudge; // > 0: the neuron for digit 2 should be more active
 */
export function sampleNudges(
  network: ParameterizedNetwork,
  features: ArrayLike<number>,
  label: number,
): SampleNudges {
  requireNetwork(network);
  requireNumbers('The features of a sample', features);
  const { parameters } = network;
  const pass = backpropagate({ network, parameters, features, labels: [label] });
  return nudgesOf(network, Float64Array.from(features), label, pass);
}

/**
 * The nudges of one sample from what an engine computed for it.
 * @param network its parameters are those of the pass
 * @throws {NonFiniteError} when the cost or a nudge of a weight or bias is NaN or infinite
 */
export function nudgesOf(
  network: ParameterizedNetwork,
  features: Float64Array,
  label: number,
  pass: SamplePass,
): SampleNudges {
  const cost = pass.costs[0]!;
  // `from` with a function takes several times as long as `map`.
  const nudges = new Float64Array(pass.gradient).map(negative);
  if (!Number.isFinite(cost) || !nudges.every(Number.isFinite)) {
    throw new NonFiniteError(
      `The cost (${cost}) or some nudges of this sample are not finite: features or parameters are too large, NaN or infinite. ` +
        'Give features from 0 to 1, and parameters from training that has not diverged.',
    );
  }
  const usedParameters = network.parameters.slice();
  const used = splitByLayer(network, usedParameters);
  let inputs = features;
  const layers = splitByLayer(network, nudges).map((share, l): LayerNudges => {
    const { weights: usedWeights, biases: usedBiases } = used[l]!;
    const { a: activations, delta, z: kept } = pass.layers[l]!;
    const z = kept ? Float64Array.from(kept) : preactivations(usedWeights, usedBiases, inputs);
    const a = Float64Array.from(activations);
    inputs = a;
    const wishes = new Float64Array(usedWeights).map((w, k) =>
      negative(delta[Math.floor(k / share.inputs)]! * w),
    );
    const previous = columnSums(wishes, share.inputs);
    return { ...share, usedWeights, usedBiases, z, a, wishes, previous };
  });
  const { z, a } = layers.at(-1)!;
  return {
    ...{ features, label, prediction: pass.predictions[0]!, cost },
    outputs: Array.from(a, (given, j) => {
      const wanted = j === label ? 1 : 0;
      return { given, wanted, nudge: outputNudge(network, z[j]!, given, wanted, cost) };
    }),
    ...{ layers, parameters: nudges, usedParameters },
  };
}

/** The average nudges of a mini-batch. */
export interface AverageNudges {
  readonly layers: readonly ParameterNudges[];
  /** The negative gradient of the mean cost, in the layout of `parameterLayout`. */
  readonly parameters: Float64Array;
}

/**
 * Averages the nudges of all samples of a mini-batch. The result is the negative gradient. It is computed sample by
 * sample, to show that the average of the nudges is the negative gradient.
 * @param features values from 0 to 1, [labels.length, layers[0]]
 * @throws {ConfigurationError | NonFiniteError} like {@link sampleNudges}, and when there are no labels
 */
export function averageNudges(
  network: ParameterizedNetwork,
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
): AverageNudges {
  requireNetwork(network);
  requireNumbers('The features of a mini-batch', features);
  requireNumbers('The labels of a mini-batch', labels);
  const inputs = network.layers[0]!;
  if (labels.length === 0 || features.length !== labels.length * inputs) {
    throw new ConfigurationError(
      `A mini-batch needs ${inputs} features per label; got ${features.length} features for ${labels.length} labels. Give at least one label.`,
    );
  }
  const average = new Float64Array(countParameters(network.layers));
  for (let n = 0; n < labels.length; n++) {
    const sample = Float64Array.from({ length: inputs }, (_, i) => features[n * inputs + i]!);
    const { parameters } = sampleNudges(network, sample, labels[n]!);
    for (let i = 0; i < average.length; i++) average[i]! += parameters[i]! / labels.length;
  }
  return { layers: splitByLayer(network, average), parameters: average };
}

/** The address of a weight: in layer `layer`, from input `input` to output `output`. All three count from 0. */
export interface WeightAddress {
  readonly layer: number;
  readonly output: number;
  readonly input: number;
}

export interface WeightSensitivity extends WeightAddress {
  /** −∂C/∂W, with its sign. */
  readonly nudge: number;
  /** |∂C/∂W|: the change of the cost per small change of this weight. */
  readonly sensitivity: number;
}

/**
 * Ranks the weights of a network by sensitivity, the highest first. Equal weights keep the order of `parameterLayout`.
 * @param nudges nudges of one sample or their average, in the layout of `parameterLayout`
 * @param count the maximum number of weights to return. Default: all
 * @throws {ConfigurationError} when the nudges do not match the network
 */
export function rankSensitivities(
  network: Pick<NetworkShape, 'layers'>,
  nudges: Float64Array,
  count = Infinity,
): WeightSensitivity[] {
  requireNudges(network, nudges);
  if (!(count === Infinity || (Number.isInteger(count) && count >= 0))) {
    throw new ConfigurationError(
      `count must be a non-negative integer or Infinity; got ${show(count)}.`,
    );
  }
  const weights = parameterLayout(network.layers).flatMap(
    ({ inputs, weightOffset, biasOffset }, layer) =>
      Array.from(nudges.subarray(weightOffset, biasOffset), (nudge, k) => ({
        layer,
        output: Math.floor(k / inputs),
        input: k % inputs,
        nudge,
        sensitivity: Math.abs(nudge),
      })),
  );
  return weights.sort((a, b) => b.sensitivity - a.sensitivity).slice(0, count);
}

/**
 * The ratio of the sensitivities of weights `a` and `b`. A ratio of 32 means that a small change of `a` changes the
 * cost 32 times as much as the same change of `b`. The ratio is 1 if both sensitivities are 0, and Infinity if only
 * that of `b` is 0.
 * @throws {ConfigurationError} for a weight that the network does not have
 */
export function timesMoreSensitive(
  network: Pick<NetworkShape, 'layers'>,
  nudges: Float64Array,
  a: WeightAddress,
  b: WeightAddress,
): number {
  requireNudges(network, nudges);
  const sensitivity = (address: WeightAddress): number => {
    requireWeight(network.layers, address);
    const { layer, output, input } = address;
    const { weightOffset, inputs } = parameterLayout(network.layers)[layer]!;
    return Math.abs(nudges[weightOffset + output * inputs + input]!);
  };
  const [ofA, ofB] = [sensitivity(a), sensitivity(b)];
  return ofA === ofB ? 1 : ofA / ofB;
}

/** @throws {ConfigurationError} unless a network of these layer sizes has this weight */
export function requireWeight(sizes: readonly number[], address: WeightAddress): void {
  requireObject('The address of a weight', address);
  const { layer, output, input } = address;
  const isThere =
    isIndex(layer, sizes.length - 1) &&
    isIndex(output, sizes[layer + 1]!) &&
    isIndex(input, sizes[layer]!);
  if (isThere) return;
  throw new ConfigurationError(
    `There is no weight from input ${show(input)} to output ${show(output)} of layer ${show(layer)} ` +
      `in a network ${sizes.join('-')}. All three count from 0.`,
  );
}

/**
 * −∂C/∂a of one output. Cross-entropy's 1/a is computed without a, because a may underflow: 1/σ(z) = 1 + e⁻ᶻ, and for
 * softmax 1/p = eᶜ, because the cost is −ln p.
 */
function outputNudge(
  { output, cost }: { readonly output: Output; readonly cost: Cost },
  z: number,
  given: number,
  wanted: number,
  sampleCost: number,
): number {
  if (cost === 'squared-error') return 2 * (wanted - given);
  if (output === 'softmax') return wanted === 1 ? Math.exp(sampleCost) : 0;
  return wanted === 1 ? 1 + Math.exp(-z) : -(1 + Math.exp(z));
}

/** @throws {ConfigurationError} unless `network` is a network with its parameters */
function requireNetwork(network: ParameterizedNetwork): void {
  requireObject('A network', network);
  const { layers, activation, output, cost, parameters } = network;
  requireLayerSizes(layers);
  if (typeof activation !== 'string') requireTexts('activation', activation);
  settleLayers({ layers, activation, output: requireOneOf('output', output, outputs) });
  requireCompatible(output, requireOneOf('cost', cost, costs));
  if (parameters instanceof Float32Array || parameters instanceof Float64Array) return;
  throw new ConfigurationError(
    `parameters must be a Float32Array or a Float64Array; got ${show(parameters)}.`,
  );
}

function requireNumbers(name: string, values: ArrayLike<number>): void {
  if (isList(values) && Array.from(values).every(isNumber)) return;
  throw new ConfigurationError(`${name} must be an array of numbers; got ${show(values)}.`);
}

const isNumber = (value: unknown): boolean => typeof value === 'number';

function requireNudges(network: Pick<NetworkShape, 'layers'>, nudges: Float64Array): void {
  requireObject('A network', network);
  const count = countParameters(network.layers);
  if (nudges instanceof Float64Array && nudges.length === count) return;
  const given = nudges instanceof Float64Array ? `one of ${nudges.length}` : show(nudges);
  throw new ConfigurationError(
    `The nudges of a network ${network.layers.join('-')} must be a Float64Array of ${count}; got ${given}.`,
  );
}

/** −x, but 0 instead of −0, because a printed −0 looks like a negative nudge. */
export const negative = (x: number): number => 0 - x;

function splitByLayer<T extends Values>({ layers }: Pick<NetworkShape, 'layers'>, parameters: T) {
  return parameterLayout(layers).map(({ inputs, outputs, weightOffset, biasOffset }) => ({
    inputs,
    outputs,
    weights: parameters.subarray(weightOffset, biasOffset) as T,
    biases: parameters.subarray(biasOffset, biasOffset + outputs) as T,
  }));
}

/** z = Σᵢ w·a + b of each neuron. */
function preactivations(weights: Values, biases: Values, a: Float64Array): Float64Array {
  return Float64Array.from(biases, (bias, j) =>
    a.reduce((sum, value, i) => sum + weights[j * a.length + i]! * value, bias),
  );
}

/** Whether `index` is an integer from 0 to `size` − 1. */
export function isIndex(index: number, size: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < size;
}

function columnSums(matrix: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  matrix.forEach((value, k) => (sums[k % columns]! += value));
  return sums;
}
