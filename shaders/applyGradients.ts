import { counterBinding, endStep, sameStep, settingsStruct } from './batch.ts';
import { kernel, type Kernel } from './kernel.ts';
import { applyGradient, optimizerBindings, type UpdateRule } from './optimizer.ts';

export interface ApplyGradientsOptions {
  /** Quads of `gradients`, and of `parameters`. */
  readonly length: number;
  readonly optimizer: UpdateRule;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/**
 * The last of three kernels that clip gradients, and of the step: the optimizer, on all layers at once, with the
 * gradients times `scale`. Twins: `src/reference/clip.ts` and `update.ts`.
 */
export function applyGradients({
  length,
  optimizer,
  workgroupSize,
}: ApplyGradientsOptions): Kernel {
  return kernel(
    'apply gradients',
    [
      { name: 'gradients', access: 'read', type: 'array<vec4f>' },
      { name: 'scale', access: 'read', type: 'array<f32, 1>' },
      ...optimizerBindings(optimizer),
      counterBinding('read_write'),
    ],
    length,
    workgroupSize,
    `${settingsStruct}${applyGradient(optimizer)}`,
    /* wgsl */ `${sameStep}${endStep}
  applyGradient(invocation, scale[0] * gradients[invocation], rateOf(step));`,
  );
}
