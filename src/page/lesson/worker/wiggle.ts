/** How the example's cost follows one weight, while all other numbers of the network stay. */
import { forwardPass } from '../../../reference/backpropagation.ts';
import { parameterLayout } from '../../../network/parameters.ts';
import type { Explanation } from '../../../training/trainer.ts';
import type { NetworkShape } from '../../../reference/backpropagation.ts';
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
  { features, label, parameters: nudges, usedParameters }: Explanation,
  { layer, output, input }: WeightAddress,
  span: number,
): Omit<Wiggle, 'step'> {
  const { weightOffset, inputs } = parameterLayout(network.layers)[layer]!;
  const index = weightOffset + output * inputs + input;
  const parameters = Float64Array.from(usedParameters);
  const weight = parameters[index]!;
  const costAt = (change: number): number => {
    parameters[index] = weight + change;
    return forwardPass({ network, parameters, features, labels: [label] }).output.costs[0]!;
  };
  const cost = costAt(0);
  const slope = 0 - nudges[index]!;
  const curvature = (costAt(apart) - 2 * cost + costAt(-apart)) / apart ** 2;
  const middle = (pointCount - 1) / 2;
  const changes = Float64Array.from(
    { length: pointCount },
    (_, n) => (span * (n - middle)) / middle,
  );
  const costs = changes.map(costAt);
  return {
    ...{ weight, cost, slope, changes, costs },
    real: costs.map((changed) => changed - cost),
    predicted: changes.map((change) => slope * change),
    bends: changes.map((change) => (curvature * change ** 2) / 2),
  };
}
