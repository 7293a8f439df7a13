import {
  endStep,
  flaggedCounterBinding,
  raiseNonFinite,
  sameStep,
  settingsBinding,
  settingsStruct,
} from './batch.ts';
import { kernel, type Kernel } from './kernel.ts';
import { applyGradient, optimizerBindings, type UpdateRule } from './optimizer.ts';

export interface ApplyGradientsOptions {
  /** vec4s of `gradients`, and of `parameters`. */
  readonly length: number;
  /** Offsets of the layers in both buffers, in vec4s. */
  readonly offsets: readonly number[];
  readonly optimizer: UpdateRule;
  /** Invocations per workgroup. */
  readonly workgroupSize: number;
}

/**
 * The last of the three clipping kernels and of the step: applies the optimizer to all layers at once, with the
 * gradients times `scale`. Twins: `src/reference/clip.ts` and `update.ts`.
 *
 * If the norm overflows float32, the scale is 0 and no parameter would change. This must not look like a normal step,
 * so it counts as a non-finite update.
 */
export function applyGradients({
  length,
  offsets,
  optimizer,
  workgroupSize,
}: ApplyGradientsOptions): Kernel {
  return kernel(
    'apply gradients',
    [
      { name: 'gradients', access: 'read', type: 'array<vec4f>' },
      { name: 'scale', access: 'read', type: 'array<f32, 1>' },
      ...optimizerBindings(optimizer),
      flaggedCounterBinding,
      settingsBinding,
    ],
    length,
    workgroupSize,
    `${settingsStruct}${applyGradient(optimizer)}`,
    /* wgsl */ `${sameStep}${endStep}
  let finite =
    applyGradient(invocation, scale[0] * gradients[invocation], scalarsOf(step)) && scale[0] > 0.0;
  var layer = 0u;
${offsets.map((offset, l) => `  if (invocation >= ${offset}u) { layer = ${l}u; }`).join('\n')}${raiseNonFinite('layer')}`,
  );
}
