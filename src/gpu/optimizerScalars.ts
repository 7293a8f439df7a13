/** The parts of an optimizer that kernels need: its WGSL, and one vec4f of scalars per step. */
import type { UpdateRule } from '../../shaders/optimizer.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { definitionOf, stepAt } from '../engine/optimizers/registry.ts';

/** Returns the scalars of `steps` steps, starting after `stepsBefore` steps of training. */
export type OptimizerScalarsOf = (stepsBefore: number, steps: number) => Float32Array<ArrayBuffer>;

/** Computes the scalars in float64 and rounds them once. */
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

/** The optimizer in the form that updating kernels use. */
export function updateRuleOf(optimizer: Optimizer): UpdateRule {
  const { momentCount, wgsl } = definitionOf(optimizer);
  return { momentCount: momentCount(optimizer), body: wgsl(optimizer) };
}
