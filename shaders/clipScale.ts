import { kernel, type Kernel } from './kernel.ts';
import { f32 } from './wgsl.ts';

export interface ClipScaleOptions {
  /** Number of sums from `sumSquares`, a multiple of 4. */
  readonly sums: number;
  readonly clipNorm: number;
}

/** Value that PyTorch's `clip_grad_norm_` adds to the norm before dividing. */
export const normEpsilon = 1e-6;

/**
 * The second of the three clipping kernels: min(1, clipNorm / (‖g‖ + 1e-6)). A single invocation computes it, so the
 * order of the sum is fixed. Twin: `clipScale` in `src/reference/clip.ts`.
 *
 * If the norm overflows float32, the scale is 0, as in PyTorch. This needs an explicit test, because shader compilers
 * may assume that infinity does not occur.
 */
export function clipScale({ sums, clipNorm }: ClipScaleOptions): Kernel {
  return kernel(
    'clip scale',
    [
      { name: 'squares', access: 'read', type: 'array<vec4f>' },
      { name: 'scale', access: 'read_write', type: 'array<f32, 1>' },
    ],
    1,
    1,
    '',
    /* wgsl */ `  var sum = vec4f();
  for (var i = 0u; i < ${sums / 4}u; i++) { sum += squares[i]; }
  let square = (sum.x + sum.y) + (sum.z + sum.w);
  let isInfinite = (bitcast<u32>(square) & 0x7f800000u) == 0x7f800000u;
  scale[0] = select(min(1.0, ${f32(clipNorm)} / (sqrt(square) + ${f32(normEpsilon)})), 0.0, isInfinite);`,
  );
}
