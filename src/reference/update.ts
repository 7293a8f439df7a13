import type { Adam, Optimizer, Sgd } from '../engine/optimizers.ts';
import { learningRateAt } from '../engine/schedules.ts';

/** What the optimizers keep for each parameter, 0 at the start: v of SGD first, or m and v of Adam. */
export type Moments = readonly [Float64Array, Float64Array];

/**
 * One optimizer step, in place, over any run of parameters. The formulas are those of `sgd`, `adam` and `adamW` in
 * `src/engine/optimizers.ts`.
 *
 * @param gradient mean over the mini-batch, as long as `parameters`
 * @param moments each as long as `parameters`; those that the optimizer does not keep are left alone
 * @param step counting from 0, over all epochs
 */
export function update(
  parameters: Float64Array,
  gradient: ArrayLike<number>,
  moments: Moments,
  optimizer: Optimizer,
  step: number,
): void {
  const learningRate = learningRateAt(optimizer.learningRate, step);
  if (optimizer.kind === 'sgd') sgdStep(parameters, gradient, moments, optimizer, learningRate);
  else adamStep(parameters, gradient, moments, optimizer, learningRate, step + 1);
}

function sgdStep(
  parameters: Float64Array,
  gradient: ArrayLike<number>,
  [velocity]: Moments,
  { momentum, nesterov, weightDecay }: Sgd,
  learningRate: number,
): void {
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]! + weightDecay * parameters[i]!;
    let direction = g;
    if (momentum > 0) {
      const v = momentum * velocity[i]! + g;
      velocity[i] = v;
      direction = nesterov ? g + momentum * v : v;
    }
    parameters[i]! -= learningRate * direction;
  }
}

function adamStep(
  parameters: Float64Array,
  gradient: ArrayLike<number>,
  [mean, meanSquare]: Moments,
  { kind, beta1, beta2, epsilon, weightDecay }: Adam,
  learningRate: number,
  t: number,
): void {
  for (let i = 0; i < parameters.length; i++) {
    let g = gradient[i]!;
    if (kind === 'adam') g += weightDecay * parameters[i]!;
    else parameters[i]! -= learningRate * weightDecay * parameters[i]!;
    const m = beta1 * mean[i]! + (1 - beta1) * g;
    const v = beta2 * meanSquare[i]! + (1 - beta2) * g * g;
    mean[i] = m;
    meanSquare[i] = v;
    const root = Math.sqrt(v) / Math.sqrt(1 - beta2 ** t);
    parameters[i]! -= ((learningRate / (1 - beta1 ** t)) * m) / (root + epsilon);
  }
}
