import { kernel, type Kernel } from './kernel.ts';

export interface SumSquaresOptions {
  /** vec4s of `gradients`, of all layers and what lies between them, which is 0. */
  readonly length: number;
  /** Sums to make, a multiple of 4. */
  readonly sums: number;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/**
 * The first of three kernels that clip gradients: sums of their squares, each over every `sums`th vec4f, so that
 * neighbouring invocations read neighbouring vec4s. Neither workgroup memory nor atomics, whose order would show:
 * the sums are added up by `clipScale`. Twin: `gradientNorm` in `src/reference/clip.ts`.
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
