/**
 * The lecture's questions about one sample: what does the network answer, what should it answer, and which
 * way does this sample want every output, bias, weight and activation to go?
 *
 * A *nudge* is −∂C/∂x, the direction that lowers the sample's cost: positive means "more of this",
 * negative "less", and its size says how much a change would pay. Averaged over a mini-batch, the
 * nudges of the weights and biases are the negative gradient: what a step of gradient descent follows.
 */
import { ConfigurationError, NonFiniteError } from '../errors.ts';
import { requireObject, requireTexts, show } from '../network/arguments.ts';
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

/** A network with its parameters: a `Network`, or one whose parameters are float64. */
export type ParameterizedNetwork = NetworkShape & {
  readonly parameters: Float32Array | Float64Array;
};

/** What is asked of one output neuron. */
export interface OutputNudge {
  /** The activation that the network gives, from 0 to 1 unless the outputs are linear. */
  readonly given: number;
  /** 1 for the neuron of the sample's label, 0 for the others. */
  readonly wanted: number;
  /** −∂C/∂a of this output, all others held. With squared error 2·(wanted − given). */
  readonly nudge: number;
}

/** The nudges of one layer's weights and biases, views of one array in the layout of `parameterLayout`. */
export interface ParameterNudges {
  readonly inputs: number;
  readonly outputs: number;
  /** −∂C/∂W[j,i], [outputs, inputs]: strongest where the input i is active. */
  readonly weights: Float64Array;
  /** −∂C/∂b[j], [outputs]. */
  readonly biases: Float64Array;
}

/** What one layer computes for a sample, and what it asks for. */
export interface LayerNudges extends ParameterNudges {
  /** Pre-activations, [outputs]. */
  readonly z: Float64Array;
  /** Activations, [outputs]. */
  readonly a: Float64Array;
  /** What each neuron j of this layer wishes of each activation i before it, −∂C/∂z[j]·W[j,i], [outputs, inputs]. */
  readonly wishes: Float64Array;
  /**
   * −∂C/∂a of the layer before, [inputs]: the wishes of all neurons added. Activations cannot be set; the layer
   * before turns this into nudges of its own weights. For the first layer it is what the image should change.
   */
  readonly previous: Float64Array;
}

export interface SampleNudges {
  readonly label: number;
  /** The answer: the index of the largest output. */
  readonly prediction: number;
  readonly cost: number;
  /** One an output neuron. */
  readonly outputs: readonly OutputNudge[];
  /** Entry l holds the weights l and the layer after them, input side first. */
  readonly layers: readonly LayerNudges[];
  /** All nudges of weights and biases, −∂C/∂θ, in the layout of `parameterLayout`. */
  readonly parameters: Float64Array;
}

/**
 * What one sample asks of a network, in float64.
 * @param features values from 0 to 1, [layers[0]]
 * @param label the index of the output that should be 1
 * @throws {ConfigurationError} for a number of features, or a label, that is not the network's
 * @throws {NonFiniteError} when the cost or a nudge of a weight or bias is NaN or infinite
 *
 * @example
 * const { outputs, layers } = sampleNudges(network, image, 2);
 * outputs[2].nudge; // > 0: the neuron of the 2 should be brighter
 */
export function sampleNudges(
  network: ParameterizedNetwork,
  features: ArrayLike<number>,
  label: number,
): SampleNudges {
  requireNetwork(network);
  requireNumbers('The features of a sample', features);
  const pass = backpropagate({
    network,
    parameters: network.parameters,
    features,
    labels: [label],
  });
  if (!Number.isFinite(pass.cost) || !pass.gradient.every(Number.isFinite)) {
    throw new NonFiniteError(
      `The cost of this sample is ${pass.cost}, and its nudges are not all finite: features or parameters are too large, or not finite themselves. ` +
        'Give features from 0 to 1, and parameters of a training that has not diverged.',
    );
  }
  const nudges = pass.gradient.map(negative);
  const shares = splitByLayer(network, nudges);
  const layers = shares.map((share, l): LayerNudges => {
    const { z, a, delta } = pass.layers[l]!;
    const { weightOffset, biasOffset } = parameterLayout(network.layers)[l]!;
    const weights = network.parameters.subarray(weightOffset, biasOffset);
    const wishes = Float64Array.from(weights, (w, k) =>
      negative(delta[Math.floor(k / share.inputs)]! * w),
    );
    return { ...share, z, a, wishes, previous: columnSums(wishes, share.inputs) };
  });
  const { z, a } = pass.layers.at(-1)!;
  return {
    label,
    prediction: pass.predictions[0]!,
    cost: pass.cost,
    outputs: Array.from(a, (given, j) => {
      const wanted = j === label ? 1 : 0;
      return { given, wanted, nudge: outputNudge(network, z[j]!, given, wanted, pass.cost) };
    }),
    layers,
    parameters: nudges,
  };
}

/** The nudges of a mini-batch, averaged. */
export interface AverageNudges {
  readonly layers: readonly ParameterNudges[];
  /** The negative gradient of the mean cost, in the layout of `parameterLayout`. */
  readonly parameters: Float64Array;
}

/**
 * Asks every sample of a mini-batch and averages what they answer. The result is the negative gradient;
 * it is computed the long way round, sample by sample, because that is the claim.
 * @param features values from 0 to 1, [labels.length, layers[0]]
 * @throws {ConfigurationError | NonFiniteError} as {@link sampleNudges} does, and where there is no label
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
      `The nudges of a mini-batch are of ${inputs} features a label, and ${features.length} features for ${labels.length} labels were given. Give at least one label.`,
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

/** Which weight: the one of layer `layer` that joins its input `input` to its output `output`. */
export interface WeightAddress {
  readonly layer: number;
  readonly output: number;
  readonly input: number;
}

export interface WeightSensitivity extends WeightAddress {
  /** −∂C/∂W: which way, and how much. */
  readonly nudge: number;
  /** |∂C/∂W|: how much the cost changes for a small change of this weight. */
  readonly sensitivity: number;
}

/**
 * The weights of a network, the one to which the cost is most sensitive first; equals in the order
 * of `parameterLayout`.
 * @param nudges of one sample or averaged, in the layout of `parameterLayout`
 * @param count how many to return; all when left out
 * @throws {ConfigurationError} for nudges that are not the network's
 */
export function rankSensitivities(
  network: Pick<NetworkShape, 'layers'>,
  nudges: Float64Array,
  count = Infinity,
): WeightSensitivity[] {
  requireNudges(network, nudges);
  if (!(count === Infinity || (Number.isInteger(count) && count >= 0))) {
    throw new ConfigurationError(
      `The number of weights to return is a whole number of at least 0, and ${show(count)} was given.`,
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
 * How many times more sensitive the cost is to weight `a` than to weight `b`: 32 where changing `a` a little
 * changes the cost 32 times as much as changing `b` by the same. 1 where it is sensitive to
 * neither, infinite where only to `a`.
 * @throws {ConfigurationError} for a weight that the network does not have
 */
export function timesMoreSensitive(
  network: Pick<NetworkShape, 'layers'>,
  nudges: Float64Array,
  a: WeightAddress,
  b: WeightAddress,
): number {
  requireNudges(network, nudges);
  const layout = parameterLayout(network.layers);
  const sensitivity = (address: WeightAddress): number => {
    requireObject('The address of a weight', address);
    const { layer, output, input } = address;
    const found = Number.isInteger(layer) ? layout[layer] : undefined;
    if (!found || !isIndex(output, found.outputs) || !isIndex(input, found.inputs)) {
      throw new ConfigurationError(
        `There is no weight from input ${show(input)} to output ${show(output)} of layer ${show(layer)} ` +
          `in a network ${network.layers.join('-')}. All three count from 0.`,
      );
    }
    return Math.abs(nudges[found.weightOffset + output * found.inputs + input]!);
  };
  const [ofA, ofB] = [sensitivity(a), sensitivity(b)];
  return ofA === ofB ? 1 : ofA / ofB;
}

/**
 * −∂C/∂a of one output. Cross-entropy's 1/a is computed from what does not underflow: 1/σ(z) = 1 + e⁻ᶻ, and
 * for softmax 1/p = eᶜ, because the cost is −ln p.
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
    `The parameters of a network are a Float32Array or a Float64Array, and ${show(parameters)} was given.`,
  );
}

function requireNumbers(name: string, values: ArrayLike<number>): void {
  const isList = Array.isArray(values) || ArrayBuffer.isView(values);
  if (isList && !(values instanceof DataView) && Array.from(values).every(isNumber)) return;
  throw new ConfigurationError(`${name} are an array of numbers, and ${show(values)} was given.`);
}

const isNumber = (value: unknown): boolean => typeof value === 'number';

function requireNudges(network: Pick<NetworkShape, 'layers'>, nudges: Float64Array): void {
  requireObject('A network', network);
  const count = countParameters(network.layers);
  if (nudges instanceof Float64Array && nudges.length === count) return;
  const given = nudges instanceof Float64Array ? `one of ${nudges.length}` : show(nudges);
  throw new ConfigurationError(
    `The nudges of a network ${network.layers.join('-')} are a Float64Array of ${count}, and ${given} was given.`,
  );
}

/** −x, but 0 rather than −0: "no nudge" has no direction, and −0 is shown as one. */
const negative = (x: number): number => 0 - x;

function splitByLayer(
  { layers }: Pick<NetworkShape, 'layers'>,
  parameters: Float64Array,
): ParameterNudges[] {
  return parameterLayout(layers).map(({ inputs, outputs, weightOffset, biasOffset }) => ({
    inputs,
    outputs,
    weights: parameters.subarray(weightOffset, biasOffset),
    biases: parameters.subarray(biasOffset, biasOffset + outputs),
  }));
}

function isIndex(index: number, size: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < size;
}

function columnSums(matrix: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  matrix.forEach((value, k) => (sums[k % columns]! += value));
  return sums;
}
