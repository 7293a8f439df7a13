/**
 * A complete forward and backward pass of a network over a mini-batch, composed of the functions in this folder. It is
 * slow and keeps all intermediate values, because the kernels are compared with it and lessons show it.
 */
import { ConfigurationError } from '../errors.ts';
import { show } from '../network/arguments.ts';
import type { Network } from '../network/network.ts';
import { countParameters, parameterLayout } from '../network/parameters.ts';
import { activationFunction } from '../network/activations.ts';
import { activationOf } from '../network/layers.ts';
import { forward } from './forward.ts';
import { hiddenDelta } from './hiddenDelta.ts';
import { outputDelta, type OutputDelta } from './outputDelta.ts';
import { weightGradient } from './weightGradient.ts';

/** The properties of a network that the formulas depend on, besides its parameters. */
export type NetworkShape = Pick<Network, 'layers' | 'activation' | 'output' | 'cost'>;

export interface PassArguments {
  readonly network: NetworkShape;
  /** Weights and biases in the layout of `parameterLayout`. They are float64 for finite differences. */
  readonly parameters: Float32Array | Float64Array;
  /** Values from 0 to 1, [batchSize, layers[0]]. */
  readonly features: ArrayLike<number>;
  /** [batchSize] */
  readonly labels: ArrayLike<number>;
}

/** Values of one layer for every sample, each [batchSize, outputs]. */
export interface LayerValues {
  readonly z: Float64Array;
  readonly a: Float64Array;
}

export interface ForwardPass {
  /** Entry l is the layer after weights l. The last entry is the network's output. */
  readonly layers: readonly LayerValues[];
  /** Cost, prediction and ∂C/∂z of the last layer. */
  readonly output: OutputDelta;
}

export interface Backpropagation {
  /** Entry l is the layer after weights l. Its delta is ∂C/∂z of each sample's own cost, [batchSize, outputs]. */
  readonly layers: readonly (LayerValues & { readonly delta: Float64Array })[];
  /** ∂C/∂W and ∂C/∂b of the mean cost, in the layout of `parameterLayout`. */
  readonly gradient: Float64Array;
  /** Mean cost over the mini-batch. */
  readonly cost: number;
  /** Cost of each sample, [batchSize]. */
  readonly costs: Float64Array;
  /** Index of each sample's largest output, [batchSize]. */
  readonly predictions: Uint32Array;
}

/**
 * Computes the forward pass, from the features to the cost.
 * @throws {ConfigurationError} when array sizes do not match the network, or a label is not the index of an output
 */
export function forwardPass(pass: PassArguments): ForwardPass {
  requireSizes(pass);
  const { network, parameters, features, labels } = pass;
  const batchSize = labels.length;
  const layout = parameterLayout(network.layers);
  const layers: LayerValues[] = [];
  let a = features;
  layout.forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
    const layer = forward({
      batchSize,
      inputs,
      outputs,
      // The last layer's activation is the output function, which outputDelta applies.
      activation: l === layout.length - 1 ? 'linear' : activationOf(network.activation, l),
      a,
      weights: parameters.subarray(weightOffset, biasOffset),
      biases: parameters.subarray(biasOffset, biasOffset + outputs),
    });
    layers.push(layer);
    a = layer.a;
  });
  const { z } = layers.pop()!;
  const output = outputDelta({
    batchSize,
    outputs: network.layers.at(-1)!,
    output: network.output,
    cost: network.cost,
    z,
    labels,
  });
  return { layers: [...layers, { z, a: output.a }], output };
}

/**
 * Computes the forward pass and the gradient of the mean cost.
 * @throws {ConfigurationError} when array sizes do not match the network, or a label is not the index of an output
 */
export function backpropagate(pass: PassArguments): Backpropagation {
  const { network, parameters, features, labels } = pass;
  const batchSize = labels.length;
  const layout = parameterLayout(network.layers);
  const { layers, output } = forwardPass(pass);
  const deltas = Array<Float64Array>(layout.length);
  const gradient = new Float64Array(countParameters(network.layers));
  let delta = output.delta;
  for (let l = layout.length - 1; l >= 0; l--) {
    const { inputs, outputs, weightOffset, biasOffset } = layout[l]!;
    deltas[l] = delta;
    const before = layers[l - 1];
    const a = before?.a ?? features;
    const { dW, db } = weightGradient({ batchSize, inputs, outputs, a, delta });
    gradient.set(dW, weightOffset);
    gradient.set(db, biasOffset);
    if (!before) break;
    const activation = activationOf(network.activation, l - 1);
    delta = hiddenDelta({
      batchSize,
      inputs,
      outputs,
      activation,
      delta,
      weights: parameters.subarray(weightOffset, biasOffset),
      source: before[activationFunction(activation).slopeFrom],
    });
  }
  const { costs, predictions } = output;
  return {
    layers: layers.map((values, l) => ({ ...values, delta: deltas[l]! })),
    gradient,
    cost: costs.reduce((sum, cost) => sum + cost, 0) / batchSize,
    costs,
    predictions,
  };
}

function requireSizes({ network, parameters, features, labels }: PassArguments): void {
  const { layers } = network;
  const refuse = (fact: string): never => {
    throw new ConfigurationError(`A network ${layers.join('-')} ${fact}`);
  };
  const count = countParameters(layers);
  if (parameters.length !== count) {
    refuse(
      `has ${count} parameters; got ${parameters.length}. Give the parameters of exactly one network.`,
    );
  }
  const featureCount = labels.length * layers[0]!;
  if (labels.length === 0 || features.length !== featureCount) {
    refuse(
      `needs ${featureCount} features for ${labels.length} labels; got ${features.length}. ` +
        `Give at least one label, and ${layers[0]} features per label.`,
    );
  }
  const outputs = layers.at(-1)!;
  const wrong = Array.from(labels).find(
    (label) => !(Number.isInteger(label) && label >= 0 && label < outputs),
  );
  if (wrong !== undefined) {
    refuse(
      `has ${outputs} outputs, so labels must be integers from 0 to ${outputs - 1}; got ${show(wrong)}.`,
    );
  }
}
