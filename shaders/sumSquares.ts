import { kernel, type Kernel } from './kernel.ts';

export interface SumSquaresOptions {
  /** Length of `gradients` in vec4s: all layers and the gaps between them, which are 0. */
  readonly length: number;
  /** Number of sums, a multiple of 4. */
  readonly sums: number;
  /** Invocations per workgroup. */
  readonly workgroupSize: number;
}

/**
 * The first of the three clipping kernels: sums the squares of the gradients. Each sum covers every `sums`th vec4f, so
 * that neighbouring invocations read neighbouring vec4s. Workgroup memory is not needed, because `clipScale` adds up
 * the sums, and atomics would make the order visible in the result. Twin: `gradientNorm` in `src/reference/clip.ts`.
 */
export function sumSquares({ length, sums, workgroupSize }: SumSquaresOptions): Kernel {
  return kernel(
    'sum of squares',
    [
      { name: 'gradients', access: 'read', type: 'array<vec4f>' },
      { name: 'squares', access: 'read_write', type: 'array<f32>' },
    ],
    sums,
    workgroupSize,
    '',
    /* wgsl */ `  var sum = vec4f();
  for (var i = 0u; i < ${Math.ceil(length / sums)}u; i++) {
    let at = i * ${sums}u + invocation;
    if (at < ${length}u) {
      let g = gradients[at];
      sum = fma(g, g, sum);
    }
  }
  squares[invocation] = (sum.x + sum.y) + (sum.z + sum.w);`,
  );
}
