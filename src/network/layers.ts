/** Layers as objects, and how a network reads them. */
import { ConfigurationError } from '../errors.ts';
import { requireArray, requireObject, requireOptions, requireTexts, show } from './arguments.ts';
import { activations, type Activation } from './activations.ts';
import { outputs, requireOneOf, type Output } from './functions.ts';

export interface DenseOptions {
  /** Neurons. */
  readonly size: number;
  /**
   * Default: the network's `activation`, or its `output` for the last layer. The last layer takes an output function:
   * `sigmoid`, `linear` or `softmax`.
   */
  readonly activation?: Activation | Output;
}

/** A fully connected layer: a' = f(W·a + b). */
export interface DenseLayer extends DenseOptions {
  readonly kind: 'dense';
}

/** Any layer that a network can have. */
export type Layer = DenseLayer;

/** One activation for all hidden layers, or a list with one for each. */
export type HiddenActivation = Activation | readonly Activation[];

/**
 * A fully connected layer, for `new Network({ layers: [784, dense({ size: 16, activation: 'relu' }), …] })`.
 * @throws {ConfigurationError} for unknown options; the network checks their values
 */
export function dense(options: DenseOptions): DenseLayer {
  requireOptions('dense', options, { size: true, activation: true });
  return { kind: 'dense', ...options };
}

/** The activation of hidden layer `l`, counting from 0. */
export function activationOf(activation: HiddenActivation, l: number): Activation {
  return typeof activation === 'string' ? activation : activation[l]!;
}

/** Layers as given by the user, and the functions for layers without their own. */
export interface GivenLayers {
  readonly layers: readonly (number | Layer)[];
  readonly activation?: HiddenActivation | undefined;
  readonly output?: Output | undefined;
}

/**
 * Resolves layers to sizes (input first), hidden activations and the output function. The activation is a single name
 * if all hidden layers have the same.
 * @throws {ConfigurationError} for layers and functions that contradict each other or are unknown; sizes are checked
 *   elsewhere
 */
export function settleLayers({ layers, activation = 'sigmoid', output }: GivenLayers): {
  readonly sizes: readonly number[];
  readonly activation: HiddenActivation;
  readonly output: Output;
} {
  requireArray('Layer sizes', layers);
  const sizes = layers.map((layer) => (typeof layer === 'object' ? sizeOf(layer) : layer));
  const hidden = Math.max(0, layers.length - 2);
  if (typeof activation !== 'string') {
    requireTexts('activation', activation);
    if (activation.length !== hidden) {
      throw new ConfigurationError(
        `A network ${sizes.join('-')} has ${hidden} hidden layers; got ${activation.length} activations. Give one activation for each hidden layer, or one name for all.`,
      );
    }
  }
  const own = layers.map((layer) => (typeof layer === 'object' ? layer.activation : undefined));
  if (own[0] !== undefined) {
    throw new ConfigurationError(
      `The first layer is the input and has no activation; got ${show(own[0])}. Give its size alone.`,
    );
  }
  const named = Array.from({ length: hidden }, (_, l) =>
    requireOneOf('activation', own[l + 1] ?? activationOf(activation, l), activations),
  );
  const last = layers.length > 1 ? own.at(-1) : undefined;
  if (last !== undefined && output !== undefined && last !== output) {
    throw new ConfigurationError(
      `The last layer has activation ${show(last)}, but the network's output is ${show(output)}. Give only one of them.`,
    );
  }
  // A network without hidden layers keeps the name that it was given.
  const first =
    named[0] ??
    requireOneOf(
      'activation',
      typeof activation === 'string' ? activation : 'sigmoid',
      activations,
    );
  return {
    sizes,
    activation: named.every((name) => name === first) ? first : Object.freeze(named),
    output: requireOneOf('output', last ?? output ?? 'sigmoid', outputs),
  };
}

function sizeOf(layer: Layer): number {
  requireObject('A layer', layer);
  requireOneOf('kind of layer', layer.kind, ['dense']);
  return layer.size;
}
