/**
 * The three kernels of gradient clipping, which follow the deferred update: the norm of the whole gradient, the scale,
 * and the update of all layers at once. Twins: `src/reference/clip.ts` and `update.ts`.
 */
import { endStep, raiseNonFinite, sameStep, settingsStruct, stepBindings } from './batch.ts';
import { buffer, kernel, type Kernel } from './kernel.ts';
import { applyGradient, optimizerBindings, type UpdateRule } from './optimizer.ts';
import { f32 } from './wgsl.ts';

export interface SumSquaresOptions {
  /** Length of `gradients` in vec4s: all layers and the gaps between them, which are 0. */
  readonly length: number;
  /** Number of sums, a multiple of 4. */
  readonly sums: number;
  readonly workgroupSize: number;
}

/**
 * Sums the squares of the gradients. Each sum covers every `sums`th vec4f, so that neighbouring invocations read
 * neighbouring vec4s. Workgroup memory is not needed, because `clipScale` adds up the sums, and atomics would make the
 * order visible in the result.
 */
export function sumSquares({ length, sums, workgroupSize }: SumSquaresOptions): Kernel {
  return kernel({
    label: 'sum of squares',
    bindings: [buffer('gradients', 'read'), buffer('squares', 'read_write', 'array<f32>')],
    invocations: sums,
    workgroupSize,
    body: /* wgsl */ `  var sum = vec4f();
  for (var i = 0u; i < ${Math.ceil(length / sums)}u; i++) {
    let at = i * ${sums}u + invocation;
    if (at < ${length}u) {
      let g = gradients[at];
      sum = fma(g, g, sum);
    }
  }
  squares[invocation] = (sum.x + sum.y) + (sum.z + sum.w);`,
  });
}

/**
 * min(1, clipNorm / (‖g‖ + 1e-6)), as in PyTorch's `clip_grad_norm_`. A single invocation computes it, so the order of
 * the sum is fixed.
 *
 * If the norm overflows float32, the scale is 0, too. This needs an explicit test, because shader compilers
 * may assume that infinity does not occur.
 */
export function clipScale({ sums, clipNorm }: { sums: number; clipNorm: number }): Kernel {
  return kernel({
    label: 'clip scale',
    bindings: [buffer('squares', 'read'), buffer('scale', 'read_write', 'array<f32, 1>')],
    invocations: 1,
    workgroupSize: 1,
    body: /* wgsl */ `  var sum = vec4f();
  for (var i = 0u; i < ${sums / 4}u; i++) { sum += squares[i]; }
  let square = (sum.x + sum.y) + (sum.z + sum.w);
  let isInfinite = (bitcast<u32>(square) & 0x7f800000u) == 0x7f800000u;
  scale[0] = select(min(1.0, ${f32(clipNorm)} / (sqrt(square) + 1e-6)), 0.0, isInfinite);`,
  });
}

export interface ApplyGradientsOptions {
  /** vec4s of `gradients`, and of `parameters`. */
  readonly length: number;
  /** Offsets of the layers in both buffers, in vec4s. */
  readonly offsets: readonly number[];
  readonly optimizer: UpdateRule;
  readonly workgroupSize: number;
}

/**
 * The last kernel of the step: applies the optimizer to all layers at once, with the gradients times `scale`.
 *
 * If the norm overflows float32, the scale is 0 and no parameter would change. This must not look like a normal step,
 * so it counts as a non-finite update.
 */
export function applyGradients(options: ApplyGradientsOptions): Kernel {
  const { length, offsets, optimizer, workgroupSize } = options;
  const layers = offsets.map((offset, l) => `  if (invocation >= ${offset}u) { layer = ${l}u; }`);
  return kernel({
    label: 'apply gradients',
    bindings: [
      buffer('gradients', 'read'),
      buffer('scale', 'read', 'array<f32, 1>'),
      ...optimizerBindings(optimizer),
      ...stepBindings('flagged'),
    ],
    invocations: length,
    workgroupSize,
    functions: `${settingsStruct}${applyGradient(optimizer)}`,
    body: /* wgsl */ `${sameStep}${endStep}
  let finite =
    applyGradient(invocation, scale[0] * gradients[invocation], scalarsOf(step)) && scale[0] > 0.0;
  var layer = 0u;
${layers.join('\n')}${raiseNonFinite('layer')}`,
  });
}
