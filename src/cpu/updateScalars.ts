/** The optimizer scalars of one step for the kernels: `UpdateScalars` in `assembly/update.ts`. */
import type { Optimizer } from '../engine/optimizers.ts';
import { definitionOf, stepAt } from '../engine/optimizers/registry.ts';
import type { SimdScalars } from '../engine/optimizers/definition.ts';

export type UpdateScalars = SimdScalars;

/** Size of the structure in words. */
export const updateScalarWords = 11;

/**
 * @param scale factor from the sum of gradients to their mean: 1 / batch size
 * @param step counting from 0, over all epochs
 */
export function updateScalarsAt(optimizer: Optimizer, scale: number, step: number): UpdateScalars {
  const { kind, floats } = definitionOf(optimizer).simd(optimizer, stepAt(optimizer, step));
  return { kind, floats: [scale, ...floats] };
}
