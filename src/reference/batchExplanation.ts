/** What an engine computed for many samples: the table of the lecture, with a nudge for each sample and weight. */
import type { Values } from '../engine/pass.ts';
import { ConfigurationError } from '../errors.ts';
import { isBytes, requireArray, requireObject, show } from '../network/arguments.ts';
import { requireLayerSizes } from '../network/parameters.ts';
import { isIndex, negative, requireWeight, type WeightAddress } from './nudges.ts';

/** Values and gradient of n samples with the parameters of one moment, as plain data. */
export interface BatchExplanation {
  /** Steps made before. */
  readonly step: number;
  /** Layer sizes of the network. */
  readonly sizes: readonly number[];
  /** Index of each sample in the dataset, [n]. */
  readonly samples: Uint32Array;
  /** Bytes, each worth byte/255, [n, sizes[0]]. They are the dataset's own if all its samples are explained in order. */
  readonly features: Uint8Array;
  /** [n] */
  readonly labels: Uint8Array;
  /** Entry l is the layer after weights l. */
  readonly layers: readonly BatchLayer[];
  /** Cost of each sample, [n]. */
  readonly costs: Float64Array;
  /** The network's answers: the index of each sample's largest output, [n]. */
  readonly predictions: Uint32Array;
  /**
   * ∂C/∂W and ∂C/∂b of the mean cost, in the layout of `parameterLayout`, by the engine's own kernels: what a training
   * step on these samples follows, before clipping and weight decay.
   */
  readonly gradient: Float64Array;
  /** The parameters that all this was computed with, in the same layout. */
  readonly usedParameters: Values;
}

/** Values of one layer for each sample, [n, outputs]. */
export interface BatchLayer {
  /** Activations. */
  readonly a: Values;
  /** ∂C/∂z of each sample's own cost. */
  readonly delta: Values;
}

/** The address of a weight, or of the bias of a neuron if there is no `input`. */
export interface ParameterAddress extends Omit<WeightAddress, 'input'> {
  readonly input?: number | undefined;
}

/**
 * What one sample wishes for one weight or bias, −∂C/∂W = −δ·a or −∂C/∂b = −δ. The average over all samples is the
 * negative `gradient`, but for float32's rounding.
 * @param n position of the sample in `explanation.samples`
 * @throws {ConfigurationError} when there is no such sample, weight or bias
 */
export function exampleNudge(
  explanation: BatchExplanation,
  n: number,
  address: ParameterAddress,
): number {
  requireBatchExplanation(explanation);
  const { sizes, samples, features, layers } = explanation;
  if (!isIndex(n, samples.length)) {
    throw new ConfigurationError(
      `This explanation has ${samples.length} samples, which count from 0; there is no sample ${show(n)}.`,
    );
  }
  requireObject('The address of a parameter', address);
  const { layer, output, input } = address;
  requireWeight(sizes, { layer, output, input: input ?? 0 });
  const delta = layers[layer]!.delta[n * sizes[layer + 1]! + output]!;
  if (input === undefined) return negative(delta);
  const at = n * sizes[layer]! + input;
  return negative(delta * (layer === 0 ? features[at]! / 255 : layers[layer - 1]!.a[at]!));
}

/** Checks the parts that {@link exampleNudge} reads. */
function requireBatchExplanation(explanation: BatchExplanation): void {
  requireObject('An explanation', explanation);
  const { sizes, samples, features, layers } = explanation;
  requireLayerSizes(sizes);
  requireArray('The layers of an explanation', layers);
  const isWhole =
    samples instanceof Uint32Array &&
    isBytes(features) &&
    features.length === samples.length * sizes[0]! &&
    layers.length === sizes.length - 1 &&
    layers.every((values: Partial<BatchLayer> | undefined, l) =>
      [values?.a, values?.delta].every(
        (of) =>
          (of instanceof Float32Array || of instanceof Float64Array) &&
          of.length === samples.length * sizes[l + 1]!,
      ),
    );
  if (isWhole) return;
  throw new ConfigurationError(
    'This is not an explanation of a batch. Give one from Trainer.explainBatch().',
  );
}
