/** Bounds on the errors of a float32 pass through a whole network, forward and back, element by element. */
import { activationFunction } from '../../network/activations.ts';
import { activationOf } from '../../network/layers.ts';
import { parameterLayout } from '../../network/parameters.ts';
import type { Backpropagation, NetworkShape } from '../../reference/backpropagation.ts';
import type { ParameterizedNetwork } from '../../reference/nudges.ts';
import { outputBounds, sumBound, type OutputBounds } from './bounds.ts';

/**
 * Bounds on the errors of what every layer computes, forward and back, [batchSize, outputs] each; of the last layer,
 * `a` is not that of the outputs but what follows from `z` as if it were hidden.
 */
export function layerBounds(
  network: ParameterizedNetwork,
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
  pass: Backpropagation,
): readonly (LayerErrors & { readonly delta: Float64Array })[] {
  const forward = forwardBounds(network, features, labels.length, pass);
  const output = batchOutputBounds(network, pass, labels, forward.at(-1)!.z);
  const deltas: Float64Array[] = [Float64Array.from(output.flatMap(({ delta }) => delta))];
  for (let l = forward.length - 1; l > 0; l--) {
    deltas.unshift(hiddenDeltaErrors(network, l, pass, forward[l - 1]!, deltas[0]!));
  }
  return forward.map((errors, l) => ({ ...errors, delta: deltas[l]! }));
}

/** A bound on the error of each element of a float32 gradient, in the layout of the parameters. */
export function gradientBound(
  network: ParameterizedNetwork,
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
  pass: Backpropagation,
): Float64Array {
  const batchSize = labels.length;
  const layout = parameterLayout(network.layers);
  const errors = layerBounds(network, features, labels, pass);
  const bound = new Float64Array(network.parameters.length);
  for (let l = layout.length - 1; l >= 0; l--) {
    const { inputs, outputs, weightOffset, biasOffset } = layout[l]!;
    const a = l === 0 ? features : pass.layers[l - 1]!.a;
    const aError = l === 0 ? undefined : errors[l - 1]!.a;
    const deltaError = errors[l]!.delta;
    const { delta } = pass.layers[l]!;
    for (let j = 0; j < outputs; j++) {
      for (let i = 0; i <= inputs; i++) {
        let magnitude = 0;
        let error = 0;
        for (let n = 0; n < batchSize; n++) {
          // The bias is the weight of an input that is always 1.
          const value = i === inputs ? 1 : Math.abs(a[n * inputs + i]!);
          const valueError = i === inputs ? 0 : (aError?.[n * inputs + i] ?? 0);
          const d = Math.abs(delta[n * outputs + j]!);
          const dError = deltaError[n * outputs + j]!;
          magnitude += (value + valueError) * (d + dError);
          error += value * dError + valueError * (d + dError);
        }
        const at = i === inputs ? biasOffset + j : weightOffset + j * inputs + i;
        bound[at] = (error + sumBound(batchSize, magnitude)) / batchSize;
      }
    }
  }
  return bound;
}

interface LayerErrors {
  readonly z: Float64Array;
  readonly a: Float64Array;
}

/** Errors of z and a of every layer, [batchSize, outputs] each. */
function forwardBounds(
  network: ParameterizedNetwork,
  features: ArrayLike<number>,
  batchSize: number,
  pass: Backpropagation,
): LayerErrors[] {
  const errors: LayerErrors[] = [];
  parameterLayout(network.layers).forEach((layer, l) => {
    const { inputs, outputs, weightOffset, biasOffset } = layer;
    const a = l === 0 ? features : pass.layers[l - 1]!.a;
    const aError = l === 0 ? undefined : errors[l - 1]!.a;
    const weights = network.parameters.subarray(weightOffset, biasOffset);
    const biases = network.parameters.subarray(biasOffset, biasOffset + outputs);
    const z = new Float64Array(batchSize * outputs);
    for (let n = 0; n < batchSize; n++) {
      for (let j = 0; j < outputs; j++) {
        let magnitude = Math.abs(biases[j]!);
        let error = 0;
        for (let i = 0; i < inputs; i++) {
          const weight = Math.abs(weights[j * inputs + i]!);
          const inputError = aError?.[n * inputs + i] ?? 0;
          magnitude += weight * (Math.abs(a[n * inputs + i]!) + inputError);
          error += weight * inputError;
        }
        z[n * outputs + j] = error + sumBound(inputs + 1, magnitude);
      }
    }
    const truth = pass.layers[l]!.z;
    const isLast = l === pass.layers.length - 1;
    const { bound } = activationFunction(isLast ? 'linear' : activationOf(network.activation, l));
    const after = z.map((error, at) => bound.f(truth[at]!, error));
    errors.push({ z, a: after });
  });
  return errors;
}

/** {@link outputBounds} of each sample, from the errors of the last pre-activations. */
export function batchOutputBounds(
  network: NetworkShape,
  pass: Backpropagation,
  labels: ArrayLike<number>,
  zError: Float64Array,
): OutputBounds[] {
  const outputs = network.layers.at(-1)!;
  const { z, a } = pass.layers.at(-1)!;
  return Array.from(labels, (label, n) => {
    const row = (values: Float64Array) => [...values.subarray(n * outputs, (n + 1) * outputs)];
    return outputBounds(network.output, network.cost, row(z), row(a), label, row(zError));
  });
}

/** Errors of the delta of the layer before the weights `l`. */
function hiddenDeltaErrors(
  network: ParameterizedNetwork,
  l: number,
  pass: Backpropagation,
  before: LayerErrors,
  deltaError: Float64Array,
): Float64Array {
  const { inputs, outputs, weightOffset, biasOffset } = parameterLayout(network.layers)[l]!;
  const weights = network.parameters.subarray(weightOffset, biasOffset);
  const { delta } = pass.layers[l]!;
  const { z, a } = pass.layers[l - 1]!;
  // A slope with a kink is uncertain where z is near 0; a is 0 also where z is surely below.
  const { slopeFrom, slope, bound, hasKink } = activationFunction(
    activationOf(network.activation, l - 1),
  );
  const fromZ = slopeFrom === 'z' || hasKink === true;
  const errors = new Float64Array(a.length);
  for (let at = 0; at < a.length; at++) {
    const n = Math.floor(at / inputs);
    const i = at % inputs;
    let backpropagated = 0;
    let magnitude = 0;
    let error = 0;
    for (let j = 0; j < outputs; j++) {
      const weight = weights[j * inputs + i]!;
      const d = delta[n * outputs + j]!;
      const dError = deltaError[n * outputs + j]!;
      backpropagated += weight * d;
      magnitude += Math.abs(weight) * (Math.abs(d) + dError);
      error += Math.abs(weight) * dError;
    }
    const backpropagatedError = error + sumBound(outputs, magnitude);
    const source = fromZ ? z[at]! : a[at]!;
    const sourceError = fromZ ? before.z[at]! : before.a[at]!;
    const f = Math.abs(slope(source));
    const fError = bound.slope(source, sourceError);
    errors[at] =
      backpropagatedError * (f + fError) +
      Math.abs(backpropagated) * fError +
      sumBound(0, Math.abs(backpropagated) * (f + fError));
  }
  return errors;
}
