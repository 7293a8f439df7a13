/** The cost of the example, output by output, and the cost of every test digit. */
import type { Dataset } from '../../../data/dataset.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';
import { exampleOf } from './ofCourse.ts';

/** The costs of one moment. */
export interface Costs {
  readonly step: number;
  readonly example: {
    /** For each output, (given − wanted)². */
    readonly squares: readonly {
      readonly given: number;
      readonly wanted: number;
      readonly square: number;
    }[];
    /** The squares added up, by the engine. */
    readonly cost: number;
    /** Number of test digits that cost less. */
    readonly cheaper: number;
  };
  readonly test: {
    /** By test sample. */
    readonly costs: Float64Array;
    /** Whether the largest output is the label's, by test sample: 1 or 0. */
    readonly isRight: Uint8Array;
    /** Test samples, the cheapest first. */
    readonly order: Uint16Array;
    readonly mean: number;
    /** Number of test digits that cost less than the mean. */
    readonly belowMean: number;
    readonly wrong: number;
  };
}

export interface CostTasks {
  costs: Task<Record<string, never>, never, Costs>;
}

export const costTasks = (course: () => Promise<Course>): TaskFunctions<CostTasks> => ({
  costs: async () => {
    const run = await course();
    return await run.inTurn(async () => {
      const { test } = run.data;
      const explanation = await run.trainer.explain(exampleOf(run), 0);
      const all = costsOf(test, await run.trainer.predict(test));
      const { cost } = explanation;
      const { example } = run;
      // A test digit has its own place, though two passes round differently.
      const own = example.kind === 'test' ? all.costs[example.index]! : cost;
      return {
        step: run.step,
        example: {
          squares: explanation.outputs.map(({ given, wanted }) => ({
            ...{ given, wanted, square: (given - wanted) ** 2 },
          })),
          cost,
          cheaper: all.costs.reduce((count, other) => count + (other < own ? 1 : 0), 0),
        },
        test: all,
      };
    });
  },
});

/** @param outputs of the network for each sample, row by row */
export function costsOf(
  { labels, sampleCount, classCount }: Dataset,
  outputs: Float32Array,
): Costs['test'] {
  const costs = new Float64Array(sampleCount);
  const isRight = new Uint8Array(sampleCount);
  let sum = 0;
  let wrong = 0;
  for (let n = 0; n < sampleCount; n++) {
    const answer = outputs.subarray(n * classCount, (n + 1) * classCount);
    const label = labels[n]!;
    let cost = 0;
    answer.forEach((given, j) => (cost += (given - (j === label ? 1 : 0)) ** 2));
    costs[n] = cost;
    sum += cost;
    isRight[n] = answer.indexOf(Math.max(...answer)) === label ? 1 : 0;
    wrong += 1 - isRight[n]!;
  }
  const mean = sum / sampleCount;
  const order = Uint16Array.from(costs.keys()).sort((a, b) => costs[a]! - costs[b]!);
  const belowMean = costs.reduce((count, cost) => count + (cost < mean ? 1 : 0), 0);
  return { costs, isRight, order, mean, belowMean, wrong };
}
