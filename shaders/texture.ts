/**
 * Operands by way of textures, for adapters that pay dearly for a load from a buffer.
 *
 * In SwiftShader a vec4f from a buffer is four loads, each with a branch for every invocation of a subgroup; a texel is
 * one call to code that knows its format. It has to be sampled: browsers keep the coordinates of `textureLoad` within
 * bounds with more instructions than the call takes, whereas a sampler keeps them so by itself (bench/NOTES.md).
 *
 * A matrix of quads becomes a texture of the same shape. Kernels go on writing to buffers: what they write is copied
 * once it is needed (`Kernel.copies`), which costs far less than a product reads.
 */
import { workgroupKernel, type Binding, type Kernel } from './kernel.ts';
import { f32 } from './wgsl.ts';

/** A matrix of quads, row after row in a buffer, that kernels read as a texture. */
export interface TexturedMatrix {
  readonly buffer: 'parameters' | 'activations' | 'deltas';
  /** Where in the buffer it begins, in quads. */
  readonly at: number;
  /** Quads a row. */
  readonly width: number;
  readonly height: number;
}

/** WebGPU's default limit of texels in a row, and of rows. */
export const mostTexels = 8192;
/** WebGPU's default limit of textures that a kernel reads. */
export const mostTextures = 16;

const nameOf = ({ buffer, at }: TexturedMatrix) => `${buffer}At${at}`;

/** What a kernel binds to read these matrices with {@link texel}. */
export function textureBindings(matrices: readonly TexturedMatrix[]): readonly Binding[] {
  if (matrices.length === 0) return [];
  return [
    ...matrices.map((matrix): Binding => {
      const { width, height } = matrix;
      return {
        name: nameOf(matrix),
        access: 'texture',
        type: 'texture_2d<f32>',
        size: [width, height],
      };
    }),
    { name: 'nearest', access: 'sampler', type: 'sampler' },
  ];
}

/** WGSL for the coordinate of column `quad`, and of row `row`: the middle of a texel, so that rounding moves none. */
export const texelX = ({ width }: TexturedMatrix, quad: string) =>
  `(f32(${quad}) + 0.5) * ${f32(1 / width)}`;
export const texelY = ({ height }: TexturedMatrix, row: string) =>
  `(f32(${row}) + 0.5) * ${f32(1 / height)}`;

/** WGSL for the quad at two coordinates. What is outside comes as what is nearest to it. */
export const texel = (matrix: TexturedMatrix, x: string, y: string) =>
  `textureSampleLevel(${nameOf(matrix)}, nearest, vec2f(${x}, ${y}), 0.0)`;

/** A kernel that reads these matrices with {@link texel}, and so needs them copied. */
export function reading(
  matrices: readonly TexturedMatrix[],
  made: Kernel,
  workgroupSize: number,
): Kernel {
  if (matrices.length === 0) return made;
  return { ...made, copies: matrices.map((matrix) => copyToTexture(matrix, workgroupSize)) };
}

/** Copies a matrix from its buffer to its texture, a row a workgroup: so nobody has to divide by its width. */
export function copyToTexture(matrix: TexturedMatrix, workgroupSize: number): Kernel {
  const { buffer, at, width, height } = matrix;
  const name = nameOf(matrix);
  const turns = Math.ceil(width / workgroupSize);
  const guard = turns * workgroupSize > width ? `if (quad < ${width}u) ` : '';
  return workgroupKernel(
    `texture of ${buffer} at ${at}`,
    [
      { name: buffer, access: 'read', type: 'array<vec4f>' },
      {
        name,
        access: 'store',
        type: 'texture_storage_2d<rgba32float, write>',
        size: [width, height],
      },
    ],
    height,
    { workgroupSize, broadcast: 0 },
    '',
    `  for (var turn = 0u; turn < ${turns}u; turn++) {
    let quad = turn * ${workgroupSize}u + lane;
    ${guard}{ textureStore(${name}, vec2u(quad, workgroup), ${buffer}[${at}u + workgroup * ${width}u + quad]); }
  }`,
  );
}
