/**
 * The main loop for SwiftShader: the four invocations of a subgroup compute register tiles in the same rows. Each loads
 * every fourth block of A, and they exchange the blocks.
 *
 * In SwiftShader, a load costs as much as ten products: loading a vec4f from a buffer takes four loads, each with a
 * branch for every invocation. Reading a texel is one call to code specialized for its format. The texel must be
 * sampled: for `textureLoad`, browsers clamp the coordinates with more instructions than the call takes, while a
 * sampler clamps by itself. Therefore large products read their operands from textures, except the bytes of samples.
 * Kernels still write to buffers. Between two passes, their results are copied to the textures of later kernels
 * (`Binding.texels`).
 *
 * The other differences from the plain loop also save time (bench/NOTES.md). A 512³ product reaches 7.4 GFLOP/s with
 * the plain loop, 11.7 with textures, 12.5 with swaps, and 15.0 with two steps per turn and one component of a sum
 * after the other.
 */
import type { Binding } from '../kernel.ts';
import {
  declareProduct,
  readBlock,
  storeAccumulators,
  accumulatorNames,
  type Matmul,
  type Product,
  type RegisterShape,
  type StoredMatrix,
} from '../matmul/product.ts';
import { each, f32, wgsl } from '../wgsl.ts';

/** Default WebGPU limits: width and height of a texture in texels, and textures that a kernel reads. */
export const maxTexels = 8192;
export const maxTextures = 16;

/** Invocations that exchange blocks: a subgroup of SwiftShader. */
const lanes = 4;

/** Reads operands from buffers. The `rows4` and `workgroupSize` of both loops are multiples of 4. */
export function swapped(product: Product, tile: RegisterShape): Matmul {
  return exchange(product, tile, []);
}

/** Reads operands from textures, except the bytes of samples. */
export function textured(product: Product, tile: RegisterShape): Matmul {
  const matrices = [product.a, product.b].filter(({ isBytes }) => !isBytes);
  const textures = matrices.map((matrix): Binding => {
    const { buffer, at, width4, height } = matrix;
    const texels = { buffer, at: Number.parseInt(at), width: width4, height };
    return { name: textureOf(matrix), access: 'texture', type: 'texture_2d<f32>', texels };
  });
  return {
    ...exchange(product, tile, matrices),
    bindings: [...textures, { name: 'nearest', access: 'sampler', type: 'sampler' }],
  };
}

/** @param sampled the matrices that are read from textures */
function exchange(product: Product, tile: RegisterShape, sampled: readonly StoredMatrix[]): Matmul {
  const { name: n, k4 } = product;
  const { rows4, columns4, workgroupSize } = tile;
  const across = Math.ceil(product.columns4 / (lanes * columns4));
  const turn = sampled.length > 0 && k4 % 2 === 0 ? 2 : 1;
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
  const code = wgsl /* wgsl */ `${declareProduct(product, (matrix) => (sampled.includes(matrix) ? sampleBlock(matrix) : readBlock(matrix)))}
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
  const groups = across * Math.ceil(product.rows4 / rows4);
  return {
    code,
    workgroups: Math.ceil((lanes * groups) / workgroupSize),
    helpers: swapFunctions,
  };
}

const components = ['x', 'y', 'z', 'w'] as const;
const swaps = ['quadSwapX', 'quadSwapY', 'quadSwapDiagonal'] as const;

/** Functions that a kernel with swapped products declares once. */
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

const textureOf = ({ buffer, at }: Pick<StoredMatrix, 'buffer' | 'at'>) =>
  `${buffer}At${Number.parseInt(at)}`;

/** Reads texels at their centre, so that rounding selects no neighbour. Positions outside return the nearest texel. */
function sampleBlock(matrix: StoredMatrix): string {
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
