import { kernel, type Kernel } from './kernel.ts';
import { f32 } from './wgsl.ts';

export interface ClipScaleOptions {
  /** Sums that `sumSquares` made, a multiple of 4. */
  readonly sums: number;
  readonly clipNorm: number;
}

/** What PyTorch's `clip_grad_norm_` adds to the norm before it divides. */
export const normEpsilon = 1e-6;

/**
 * The second of three kernels that clip gradients: min(1, clipNorm / (‖g‖ + 1e-6)), by one invocation, which adds
 * up in one order. Twin: `clipScale` in `src/reference/clip.ts`.
 *
 * A norm that float32 cannot hold makes the scale 0, as in PyTorch; said outright, since a shader may take for
 * granted that nothing is infinite.
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
