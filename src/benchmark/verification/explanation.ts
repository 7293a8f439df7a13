/** Compares what an engine read back to be shown with float64, from the parameters that were read with it. */
import { parameterLayout } from '../../network/parameters.ts';
import { backpropagate, type NetworkShape } from '../../reference/backpropagation.ts';
import type { BatchExplanation } from '../../reference/batchExplanation.ts';
import type { ParameterizedNetwork, SampleNudges } from '../../reference/nudges.ts';
import { sumBound } from './bounds.ts';
import { batchOutputBounds, gradientBound, layerBounds } from './passBounds.ts';
import { Worst } from './samples.ts';

/**
 * Compares an explanation of one sample or of many with float64. It takes n times as long as one sample.
 * @param shape the network that explained it; its parameters are not used
 * @returns the largest error relative to its bound; 1 or less passes
 */
export function checkExplanation(
  shape: NetworkShape,
  explanation: SampleNudges | BatchExplanation,
): number {
  return 'samples' in explanation
    ? checkBatch(shape, explanation)
    : checkSample(shape, explanation);
}

function checkBatch(shape: NetworkShape, explanation: BatchExplanation): number {
  const { layers, labels, usedParameters, costs, predictions } = explanation;
  const features = Float64Array.from(explanation.features, (byte) => byte / 255);
  const { truth, errors, gradientErrors } = truthOf(shape, usedParameters, features, labels);
  const worst = new Worst();
  noteAll(costs, truth.costs, errors.costs, worst);
  noteAll(explanation.gradient, truth.gradient, gradientErrors, worst);
  truth.layers.forEach(({ a, delta }, l) => {
    noteAll(layers[l]!.a, a, errors.layers[l]!.a, worst);
    noteAll(layers[l]!.delta, delta, errors.layers[l]!.delta, worst);
  });
  const size = shape.layers.at(-1)!;
  for (let n = 0; n < labels.length; n++) {
    const row = (values: Float64Array) => values.subarray(n * size, (n + 1) * size);
    const z = row(truth.layers.at(-1)!.z);
    notePrediction(predictions[n]!, z, row(errors.layers.at(-1)!.z), worst);
  }
  return worst.share;
}

function checkSample(shape: NetworkShape, explanation: SampleNudges): number {
  const { features, label, usedParameters } = explanation;
  const { truth, errors, gradientErrors } = truthOf(shape, usedParameters, features, [label]);
  const worst = new Worst();
  worst.note(explanation.cost, truth.cost, errors.costs[0]!);
  notePrediction(explanation.prediction, truth.layers.at(-1)!.z, errors.layers.at(-1)!.z, worst);
  noteAll(
    explanation.parameters,
    truth.gradient.map((value) => -value),
    gradientErrors,
    worst,
  );
  parameterLayout(shape.layers).forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
    const found = explanation.layers[l]!;
    const { z, a, delta } = truth.layers[l]!;
    const error = errors.layers[l]!;
    noteAll(found.z, z, error.z, worst);
    noteAll(found.a, a, error.a, worst);
    const weights = usedParameters.subarray(weightOffset, biasOffset);
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      let sumError = 0;
      let magnitude = 0;
      for (let j = 0; j < outputs; j++) {
        const at = j * inputs + i;
        const wish = -weights[at]! * delta[j]!;
        const wishError = Math.abs(weights[at]!) * error.delta[j]!;
        worst.note(found.wishes[at]!, wish, wishError + sumBound(1, Math.abs(wish)));
        sum += wish;
        sumError += wishError;
        magnitude += Math.abs(wish) + wishError;
      }
      worst.note(found.previous[i]!, sum, sumError + sumBound(outputs, magnitude));
    }
  });
  return worst.share;
}

/** Float64 values of some samples, and bounds on the errors of float32. */
function truthOf(
  { layers, activation, output, cost }: NetworkShape,
  parameters: ParameterizedNetwork['parameters'],
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
) {
  const network = { layers, activation, output, cost, parameters };
  const truth = backpropagate({ network, parameters, features, labels });
  const bounds = layerBounds(network, features, labels, truth);
  const outputs = batchOutputBounds(network, truth, labels, bounds.at(-1)!.z);
  // The last layer's activation is the output function.
  const a = Float64Array.from(outputs.flatMap((one) => one.a));
  return {
    truth,
    errors: {
      layers: [...bounds.slice(0, -1), { ...bounds.at(-1)!, a }],
      costs: outputs.map((one) => one.cost),
    },
    gradientErrors: gradientBound(network, features, labels, truth),
  };
}

function noteAll(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  bounds: ArrayLike<number>,
  worst: Worst,
): void {
  // A missing element is NaN, which fails.
  for (let i = 0; i < expected.length; i++) worst.note(found[i] ?? NaN, expected[i]!, bounds[i]!);
}

/** Another output may be predicted only if float32 cannot tell it from the largest. */
function notePrediction(
  prediction: number,
  z: Float64Array,
  zError: Float64Array,
  worst: Worst,
): void {
  const best = z.indexOf(Math.max(...z));
  const bound = (zError[best] ?? 0) + (zError[prediction] ?? 0);
  worst.note(z[prediction] ?? NaN, z[best]!, bound);
}
