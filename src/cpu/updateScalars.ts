/** An optimizer's numbers of one step, as the kernels take them: `UpdateScalars` in `assembly/update.ts`. */
import type { Optimizer } from '../engine/optimizers.ts';
import { learningRateAt } from '../engine/schedules.ts';

/** Arrays that the optimizer keeps, each as long as the parameters. */
export function momentCount(optimizer: Optimizer): number {
  if (optimizer.kind !== 'sgd') return 2;
  return optimizer.momentum > 0 ? 1 : 0;
}

export interface UpdateScalars {
  readonly kind: number;
  /** In the order of the structure's fields, from `scale` on. */
  readonly floats: readonly number[];
}

/** Words of the structure. */
export const updateScalarWords = 11;

/**
 * @param scale what makes of the gradient's sum its mean: 1 / batch size
 * @param step counting from 0, over all epochs
 */
export function updateScalarsAt(optimizer: Optimizer, scale: number, step: number): UpdateScalars {
  const learningRate = learningRateAt(optimizer.learningRate, step);
  const { weightDecay } = optimizer;
  if (optimizer.kind === 'sgd') {
    const { momentum, nesterov } = optimizer;
    const kind = momentum === 0 ? 0 : nesterov ? 2 : 1;
    return { kind, floats: [scale, learningRate, weightDecay, 1, momentum] };
  }
  const { kind, beta1, beta2, epsilon } = optimizer;
  return {
    kind: 3,
    floats: [
      scale,
      learningRate / (1 - beta1 ** (step + 1)),
      kind === 'adam' ? weightDecay : 0,
      kind === 'adamW' ? 1 - learningRate * weightDecay : 1,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      1 / Math.sqrt(1 - beta2 ** (step + 1)),
      epsilon,
    ],
  };
}
