import type { Optimizer } from '../training/optimizers.ts';

/**
 * One optimizer step, in place, over any run of parameters:
 *
 *     v ← μ·v + g        W ← W − learningRate·v
 *
 * @param velocity v, as long as `parameters`; 0 at the start. Left alone when the momentum μ is 0, where v is g
 */
export function update(
  parameters: Float64Array,
  gradient: ArrayLike<number>,
  velocity: Float64Array,
  optimizer: Optimizer,
): void {
  const { learningRate, momentum } = optimizer;
  for (let i = 0; i < parameters.length; i++) {
    let step = gradient[i]!;
    if (momentum > 0) {
      step += momentum * velocity[i]!;
      velocity[i] = step;
    }
    parameters[i]! -= learningRate * step;
  }
}
