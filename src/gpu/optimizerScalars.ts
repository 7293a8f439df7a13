/** What the kernels need of an optimizer: its WGSL, and one vec4f for each step. */
import type { UpdateRule } from '../../shaders/optimizer.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { definitionOf, stepAt } from '../engine/optimizers/registry.ts';

/** The scalars of `steps` steps, the first of them after `stepsBefore` steps of training. */
export type OptimizerScalarsOf = (stepsBefore: number, steps: number) => Float32Array<ArrayBuffer>;

/** Computed in float64, and rounded once. */
export function optimizerScalarsOf(optimizer: Optimizer): OptimizerScalarsOf {
  const { scalars } = definitionOf(optimizer);
  return (stepsBefore, steps) => {
    const made = new Float32Array(4 * steps);
    for (let s = 0; s < steps; s++) {
      made.set(scalars(optimizer, stepAt(optimizer, stepsBefore + s)), 4 * s);
    }
    return made;
  };
}

/** The optimizer as the kernels that update know it. */
export function updateRuleOf(optimizer: Optimizer): UpdateRule {
  const { momentCount, wgsl } = definitionOf(optimizer);
  return { momentCount: momentCount(optimizer), body: wgsl(optimizer) };
}
