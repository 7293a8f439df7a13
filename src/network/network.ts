import { ConfigurationError, NonFiniteError } from '../errors.ts';
import { requireOptions, show, type OptionNames } from './arguments.ts';
import { costs, requireCompatible, requireOneOf, type Cost, type Output } from './functions.ts';
import { initializeParameters, initializers, type Initializer } from './initializers.ts';
import { settleLayers, type HiddenActivation, type Layer } from './layers.ts';
import {
  countParameters,
  describeNonFinite,
  parameterLayout,
  requireLayerSizes,
} from './parameters.ts';

export interface NetworkOptions {
  /** Two or more sizes or layers, input first: [784, 16, 10] or [784, dense({ size: 16, activation: 'relu' }), 10]. */
  readonly layers: readonly (number | Layer)[];
  /** Activation of the hidden layers: one for all, or a list with one for each. Default `sigmoid`. */
  readonly activation?: HiddenActivation;
  /** Activation of the last layer. Default `sigmoid`. */
  readonly output?: Output;
  /** Default `squared-error`. */
  readonly cost?: Cost;
  /** Default `xavier`. */
  readonly initializer?: Initializer;
  /** Seed of the initializer, an integer from 0 to 2³² − 1. Default 1. */
  readonly seed?: number;
}

/** Options whose layers are all sizes. They are plain data that can be stored and compared. */
export interface PlainNetworkOptions extends NetworkOptions {
  readonly layers: readonly number[];
}

export const networkOptionNames: OptionNames<NetworkOptions> = {
  ...{ layers: true, activation: true, output: true, cost: true },
  ...{ initializer: true, seed: true },
};

/**
 * A fully connected network: layer sizes, functions and parameters. It is immutable; training creates a new one.
 *
 * @example
 * const network = new Network({ layers: [784, 16, 16, 10] });
 * network.parameterCount; // 13002
 */
export class Network {
  /** Sizes, input first. */
  readonly layers: readonly number[];
  /** Activation of the hidden layers: one name if all have the same, otherwise one for each. */
  readonly activation: HiddenActivation;
  readonly output: Output;
  readonly cost: Cost;
  readonly initializer: Initializer;
  readonly seed: number;
  /** All weights and biases, float32, in PyTorch's order; see `parameterLayout`. Do not modify it. */
  readonly parameters: Float32Array<ArrayBuffer>;

  /**
   * @param parameters initial weights and biases. Default: drawn by the initializer
   * @throws {ConfigurationError} for invalid sizes, names or seed, or a wrong number of parameters
   * @throws {NonFiniteError} for a parameter that is NaN or infinite in float32
   */
  constructor(options: NetworkOptions, parameters?: Float32Array) {
    // Another network may serve as options only together with parameters. Otherwise new ones would be drawn silently.
    const names = { ...networkOptionNames, ...(parameters && { parameters: true }) };
    requireOptions('Network', options, names);
    const { sizes, activation, output } = settleLayers(options);
    this.layers = requireLayerSizes(sizes);
    this.activation = activation;
    this.output = output;
    this.cost = requireOneOf('cost', options.cost ?? 'squared-error', costs);
    requireCompatible(this.output, this.cost);
    this.initializer = requireOneOf('initializer', options.initializer ?? 'xavier', initializers);
    this.seed = requireSeed(options.seed ?? 1);
    const expected = countParameters(this.layers);
    if (
      parameters !== undefined &&
      !(ArrayBuffer.isView(parameters) || Array.isArray(parameters))
    ) {
      throw new ConfigurationError(
        `parameters must be a Float32Array; got ${show(parameters)}. Omit them to draw random ones.`,
      );
    }
    if (parameters !== undefined && parameters.length !== expected) {
      throw new ConfigurationError(
        `A network ${this.layers.join('-')} has ${expected} parameters; got ${show(parameters.length)}. ` +
          'Give the parameters of a network with the same layer sizes.',
      );
    }
    this.parameters = parameters
      ? new Float32Array(parameters)
      : initializeParameters(this.layers, this.initializer, this.seed);
    const wrong = parameters && describeNonFinite(this.layers, this.parameters);
    if (wrong !== undefined) {
      throw new NonFiniteError(
        `${wrong}, but a network needs finite parameters. Use parameters from before the training diverged.`,
      );
    }
  }

  /** Number of weights and biases. */
  get parameterCount(): number {
    return this.parameters.length;
  }

  /** Weights [out, in] between layer `layer` and the next; a view, not a copy. */
  weights(layer: number): Float32Array {
    const { weightOffset, biasOffset } = this.#layer(layer);
    return this.parameters.subarray(weightOffset, biasOffset);
  }

  /** Biases [out] of the layer after `layer`; a view, not a copy. */
  biases(layer: number): Float32Array {
    const { biasOffset, outputs: size } = this.#layer(layer);
    return this.parameters.subarray(biasOffset, biasOffset + size);
  }

  /**
   * The same network with other parameters, which are copied.
   * @throws {ConfigurationError | NonFiniteError} as the constructor does
   */
  withParameters(parameters: Float32Array): Network {
    return new Network(this, parameters);
  }

  #layer(layer: number) {
    const found = Number.isInteger(layer) ? parameterLayout(this.layers)[layer] : undefined;
    if (!found) {
      throw new ConfigurationError(
        `layer must be an integer from 0 to ${this.layers.length - 2} ` +
          `for a network ${this.layers.join('-')}; got ${show(layer)}.`,
      );
    }
    return found;
  }
}

/** @throws {ConfigurationError} unless `seed` is an integer from 0 to 2³² − 1 */
export function requireSeed(seed: number): number {
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new ConfigurationError(
      `seed must be an integer from 0 to ${2 ** 32 - 1}; got ${show(seed)}.`,
    );
  }
  return seed;
}
