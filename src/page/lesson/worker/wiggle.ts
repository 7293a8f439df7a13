/** How the example's cost follows one weight, while all other numbers of the network stay. */
import { forwardPass, type NetworkShape } from '../../../reference/backpropagation.ts';
import { sampleCost } from '../../../reference/functions.ts';
import { activationFunction } from '../../../network/activations.ts';
import { activationOf } from '../../../network/layers.ts';
import { parameterLayout } from '../../../network/parameters.ts';
import type { Explanation } from '../../../training/trainer.ts';
import type { WeightAddress } from '../../../reference/nudges.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';
import { exampleOf, shapeOf } from './ofCourse.ts';

/** The points of a curve. The one in the middle is the network as it is. */
export const pointCount = 61;

/** Each list has an entry for each point. */
export interface Wiggle {
  readonly step: number;
  /** The weight as it is. */
  readonly weight: number;
  /** The cost as it is. */
  readonly cost: number;
  /** ∂C/∂W from the engine's gradient. */
  readonly slope: number;
  /** What is added to the weight, from −span to span. */
  readonly changes: Float64Array;
  /** The cost with the changed weight, in float64. */
  readonly costs: Float64Array;
  /** The change of the cost. */
  readonly real: Float64Array;
  /** The change of the cost that the slope alone predicts: slope × change. */
  readonly predicted: Float64Array;
  /** The next term of the expansion, ½ · ∂²C/∂W² · change². */
  readonly bends: Float64Array;
}

export interface WiggleTasks {
  wiggle: Task<{ readonly weight: WeightAddress; readonly span: number }, never, Wiggle>;
}

export const wiggleTasks = (course: () => Promise<Course>): TaskFunctions<WiggleTasks> => ({
  wiggle: async ({ weight, span }) => {
    const run = await course();
    return await run.inTurn(async () => {
      const explanation = await run.trainer.explain(exampleOf(run), 0);
      return { ...wiggleWeight(shapeOf(run), explanation, weight, span), step: run.step };
    });
  },
});

/** For the second difference: small for the curve's sake, and large enough for float64. */
const apart = 1e-3;

export function wiggleWeight(
  network: NetworkShape,
  explanation: Explanation,
  address: WeightAddress,
  span: number,
): Omit<Wiggle, 'step'> {
  const { weightOffset, inputs } = parameterLayout(network.layers)[address.layer]!;
  const index = weightOffset + address.output * inputs + address.input;
  const middle = (pointCount - 1) / 2;
  const changes = Float64Array.from(
    { length: pointCount },
    (_, n) => (span * (n - middle)) / middle,
  );
  const all = costsOf(network, explanation, address, [...changes, -apart, apart]);
  const costs = all.slice(0, pointCount);
  const cost = costs[middle]!;
  const curvature = (all[pointCount]! - 2 * cost + all[pointCount + 1]!) / apart ** 2;
  const slope = 0 - explanation.parameters[index]!;
  return {
    ...{ weight: explanation.usedParameters[index]!, cost, slope, changes, costs },
    real: costs.map((changed) => changed - cost),
    predicted: changes.map((change) => slope * change),
    bends: changes.map((change) => (curvature * change ** 2) / 2),
  };
}

/**
 * The cost for each change of a weight, in float64. Only the neuron at the weight's end and the layers after it are
 * computed anew for each.
 */
function costsOf(
  network: NetworkShape,
  { features, label, usedParameters: parameters }: Explanation,
  { layer, output, input }: WeightAddress,
  changes: readonly number[],
): Float64Array {
  const now = forwardPass({ network, parameters, features, labels: [label] });
  const { z } = now.layers[layer]!;
  const behind = layer === 0 ? features : now.layers[layer - 1]!.a;
  const changed = changes.map((change) => {
    const sums = [...z];
    sums[output]! += change * behind[input]!;
    return sums;
  });
  const next = parameterLayout(network.layers)[layer + 1];
  if (!next) {
    return Float64Array.from(changed, (sums) =>
      sampleCost(network.output, network.cost, sums, label),
    );
  }
  const { f } = activationFunction(activationOf(network.activation, layer));
  return forwardPass({
    network: { ...network, layers: network.layers.slice(layer + 1) },
    parameters: parameters.subarray(next.weightOffset),
    features: changed.flat().map(f),
    labels: changes.map(() => label),
  }).output.costs;
}
