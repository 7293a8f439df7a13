/** What of an optimizer differs from step to step: one vec4f a step, as `shaders/optimizer.ts` reads it. */
import type { Optimizer } from '../engine/optimizers.ts';
import { learningRateAt } from '../engine/schedules.ts';

/** The scalars of `steps` steps, `stepsBefore` steps of training having been made before the first of them. */
export type OptimizerScalarsOf = (stepsBefore: number, steps: number) => Float32Array<ArrayBuffer>;

/** Computed in float64, and rounded once. */
export function optimizerScalarsOf(optimizer: Optimizer): OptimizerScalarsOf {
  return (stepsBefore, steps) => {
    const scalars = new Float32Array(4 * steps);
    for (let s = 0; s < steps; s++) scalars.set(scalarsOf(optimizer, stepsBefore + s), 4 * s);
    return scalars;
  };
}

function scalarsOf(optimizer: Optimizer, step: number): readonly number[] {
  const learningRate = learningRateAt(optimizer.learningRate, step);
  switch (optimizer.kind) {
    case 'sgd':
      return [learningRate];
    case 'adam':
    case 'adamW': {
      const { beta1, beta2, weightDecay } = optimizer;
      const t = step + 1;
      return [
        learningRate / (1 - beta1 ** t),
        1 / Math.sqrt(1 - beta2 ** t),
        learningRate * weightDecay,
      ];
    }
  }
}
