/**
 * SwiftShader's main loop: register tiles of four invocations together, a subgroup, which have the same rows. Each loads
 * every fourth block of A, and they swap.
 *
 * In SwiftShader a load costs as much as ten products: a vec4f from a buffer is four loads, each with a branch for every
 * invocation. A texel is one call to code that knows its format. It has to be sampled: browsers keep the coordinates of
 * `textureLoad` within bounds with more instructions than the call takes, whereas a sampler keeps them so by itself. So
 * large products read their operands, all but the samples' bytes, from textures. Kernels go on writing to buffers: what
 * they write is copied once it is needed (`Kernel.copies`).
 *
 * What else differs from the plain loop is there because it pays (bench/NOTES.md): a 512³ product at 7.4 GFLOP/s in the
 * plain loop, 11.7 from textures, 12.5 with swaps, 15.0 with two steps a turn and one component of a sum after the other.
 */
import { workgroupKernel, type Binding, type Kernel } from '../kernel.ts';
import {
  declareProduct,
  readBlock,
  storeAccumulators,
  accumulatorNames,
  type Matmul,
  type Product,
  type StoredMatrix,
  type TileShape,
} from '../matmul/product.ts';
import { each, f32, wgsl } from '../wgsl.ts';

/** Its `rows4` is a multiple of 4. */
export interface SwappedTile extends TileShape {
  readonly loop: 'swapped';
  /** A multiple of 4. */
  readonly workgroupSize: number;
  readonly fromTextures: boolean;
}

/** WebGPU's default limits: of texels in a row, and of rows; and of textures that a kernel reads. */
export const maxTexels = 8192;
export const maxTextures = 16;

/** Invocations that swap: a subgroup of SwiftShader's. */
const lanes = 4;

export function swapped(product: Product, tile: SwappedTile): Omit<Matmul, 'memory'> {
  const { name: n, k4 } = product;
  const { rows4, columns4, workgroupSize, fromTextures } = tile;
  const across = Math.ceil(product.columns4 / (lanes * columns4));
  const turn = fromTextures && k4 % 2 === 0 ? 2 : 1;
  const sums = accumulatorNames(tile);
  const step = (t: number) => `    let k4_${t} = turn * ${turn}u + ${t}u;
    let steps_${t} = stepsOfA${n}(k4_${t});
${each(columns4, (c) => `    let b_${t}_${c} = loadB${n}(k4_${t}, min(column4 + ${c}u, COLUMNS4${n} - 1u));`)}
${each(rows4 / lanes, (j) => `    let own_${t}_${j} = loadA${n}(rows_${j}, steps_${t});`)}
${each(rows4, (r) => {
  const own = `own_${t}_${Math.floor(r / lanes)}`;
  return `    let a_${t}_${r} = ${r % lanes === 0 ? own : `swap${r % lanes}(${own})`};
${each(columns4, (c) => `    sum_${r}_${c} = multiplyAddComponents(sum_${r}_${c}, a_${t}_${r}, b_${t}_${c});`)}`;
})}`;
  const code = wgsl /* wgsl */ `${declareProduct(product, fromTextures ? sampleBlock : readBlock)}
fn matmul${n}(workgroup: u32, lane: u32) {
  let index = (workgroup * ${workgroupSize}u + lane) / ${lanes}u;
  let own = lane % ${lanes}u;
  let row4 = index / ${across}u * ${rows4}u;
  let column4 = (index % ${across}u * ${lanes}u + own) * ${columns4}u;
${each(rows4 / lanes, (j) => `  let rows_${j} = rowsOfA${n}(min(row4 + ${lanes * j}u + own, ROWS4${n} - 1u));`)}
${sums.map((sum) => `  var ${sum} = mat4x4f();`).join('\n')}
  for (var turn = 0u; turn < ${k4 / turn}u; turn++) {
${each(turn, step)}
  }
${storeAccumulators(product, tile, { row: (r) => `row4 + ((${r}) ^ own)`, column: (c) => `column4 + ${c}` })}
}
`;
  const matrices = fromTextures ? [product.a, product.b].filter(({ isBytes }) => !isBytes) : [];
  const groups = across * Math.ceil(product.rows4 / rows4);
  return {
    code,
    workgroups: Math.ceil((lanes * groups) / workgroupSize),
    helpers: swapFunctions,
    bindings: [
      ...matrices.map((matrix): Binding => {
        const size = [matrix.width4, matrix.height] as const;
        return { name: textureOf(matrix), access: 'texture', type: 'texture_2d<f32>', size };
      }),
      ...(matrices.length > 0
        ? [{ name: 'nearest', access: 'sampler', type: 'sampler' } as const]
        : []),
    ],
    copies: matrices.map((matrix) => copyToTexture(matrix, workgroupSize)),
  };
}

const components = ['x', 'y', 'z', 'w'] as const;
const swaps = ['quadSwapX', 'quadSwapY', 'quadSwapDiagonal'] as const;

/** Functions that a kernel with such products has once. */
const swapFunctions = wgsl /* wgsl */ `
${swaps
  .map((swap, i) => {
    const rows = [0, 1, 2, 3].map((m) => `${swap}(a[${m}])`);
    return `fn swap${i + 1}(a: mat4x4f) -> mat4x4f { return mat4x4f(${rows.join(', ')}); }`;
  })
  .join('\n')}

// SwiftShader takes vectors apart, and would keep what is between two steps of all four components in memory.
fn multiplyAddComponents(sum: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(
${[0, 1, 2, 3]
  .map((m) => {
    const parts = components.map((q) =>
      components.reduce(
        (text, k, i) => `fma(a[${m}].${k}, b[${i}].${q}, ${text})`,
        `sum[${m}].${q}`,
      ),
    );
    return `    ${parts.join(',\n    ')},`;
  })
  .join('\n')}
  );
}
`;

const textureOf = ({ buffer, at }: StoredMatrix) => `${buffer}At${Number.parseInt(at)}`;

/** The middle of a texel, so that rounding moves none. What is outside comes as what is nearest to it. */
function sampleBlock(matrix: StoredMatrix): string {
  if (matrix.isBytes) return readBlock(matrix);
  const { name, width4, height } = matrix;
  const texel = (i: string) =>
    `textureSampleLevel(${textureOf(matrix)}, nearest, vec2f(x, y.${i}), 0.0)`;
  return wgsl /* wgsl */ `
fn ${name}(rows: vec4u, column4: u32) -> mat4x4f {
  let x = (f32(column4) + 0.5) * ${f32(1 / width4)};
  let y = (vec4f(rows) + 0.5) * ${f32(1 / height)};
  return mat4x4f(${texel('x')}, ${texel('y')}, ${texel('z')}, ${texel('w')});
}
`;
}

/** Copies a matrix from its buffer to its texture, a row a workgroup, which spares a division by its width. */
function copyToTexture(matrix: StoredMatrix, workgroupSize: number): Kernel {
  const { buffer, at, width4, height } = matrix;
  const name = textureOf(matrix);
  return workgroupKernel({
    label: `texture of ${buffer} at ${Number.parseInt(at)}`,
    bindings: [
      { name: buffer, access: 'read', type: 'array<vec4f>' },
      {
        name,
        access: 'store',
        type: 'texture_storage_2d<rgba32float, write>',
        size: [width4, height],
      },
    ],
    workgroups: height,
    workgroupSize,
    functions: '',
    body: `  for (var turn = 0u; turn < ${Math.ceil(width4 / workgroupSize)}u; turn++) {
    let i = turn * ${workgroupSize}u + lane;
    if (i < ${width4}u) { textureStore(${name}, vec2u(i, workgroup), ${buffer}[${at} + workgroup * ${width4}u + i]); }
  }`,
  });
}
