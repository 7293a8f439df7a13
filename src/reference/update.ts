import type { Optimizer } from '../engine/optimizers.ts';
import { definitionOf, stepAt } from '../engine/optimizers/registry.ts';
import type { Moments } from '../engine/optimizers/definition.ts';

export type { Moments };

/**
 * Makes one optimizer step, in place, on any range of parameters. The formulas are in `src/engine/optimizers/`.
 *
 * @param gradient mean over the mini-batch, as long as `parameters`
 * @param moments each as long as `parameters`; unused ones stay unchanged
 * @param step counting from 0, over all epochs
 */
export function update(
  parameters: Float64Array,
  gradient: ArrayLike<number>,
  moments: Moments,
  optimizer: Optimizer,
  step: number,
): void {
  const at = stepAt(optimizer, step);
  definitionOf(optimizer).update(optimizer, at, parameters, gradient, moments);
}
