/**
 * Defines a matrix product for the main loops: C = A·B in blocks of 4 × 4, and the WGSL functions that access A, B and
 * C. A block is a `mat4x4f` whose columns are the rows of the matrix.
 *
 *     fn rowsOfA(row4: u32) -> vec4u                         positions of four rows of A; called once per tile
 *     fn stepsOfA(k4: u32) -> vec4u                          positions of four steps of the sum; called once per step
 *     fn loadA(rows: vec4u, steps: vec4u) -> mat4x4f         column m: four steps of row m
 *     fn loadB(k4: u32, column4: u32) -> mat4x4f             column k: four columns of step k
 *     fn store(row: u32, column4: u32, sum: vec4f)           epilogue: bias, activation, slope, optimizer
 */
import type { Binding } from '../kernel.ts';
import { wgsl } from '../wgsl.ts';

export interface Product {
  /** Suffix of its function names, because a kernel may have several products. */
  readonly name: string;
  /** Size of C, and length of the sums, divided by 4 and rounded up. */
  readonly rows4: number;
  readonly columns4: number;
  readonly k4: number;
  /** Stored matrices, read in blocks. */
  readonly a: StoredMatrix;
  readonly b: StoredMatrix;
  /** WGSL of the functions above. */
  readonly functions: string;
}

/**
 * Declares the sizes of a product as WGSL constants, and its functions.
 * @param read returns the WGSL function that reads blocks of a matrix
 */
export const declareProduct = (product: Product, read = readBlock) => {
  const { name: n, rows4, columns4, k4, a, b, functions } = product;
  return wgsl /* wgsl */ `
const ROWS4${n} = ${rows4}u;
const COLUMNS4${n} = ${columns4}u;
const K4${n} = ${k4}u;
${read(a)}${read(b)}${functions}`;
};

/** A product with its main loop. */
export interface Matmul {
  /** WGSL: `fn matmul(workgroup: u32, lane: u32)`, with the product's name at its end. */
  readonly code: string;
  /** Number of workgroups to dispatch. */
  readonly workgroups: number;
  /** WGSL functions that the code calls, including subgroup functions; a kernel declares them once. */
  readonly helpers?: string;
  /** Bindings besides the product's own buffers. */
  readonly bindings?: readonly Binding[];
}

/** Functions shared by all products and main loops; a kernel declares them once. */
export const blockFunctions = wgsl /* wgsl */ `
fn fourFrom(index4: u32) -> vec4u { return 4u * index4 + vec4u(0u, 1u, 2u, 3u); }

// sum + a·b, step after step. fma rounds once, and SwiftShader needs it spelled out.
fn multiplyAdd(sum: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(a[0].w), b[3], fma(vec4f(a[0].z), b[2], fma(vec4f(a[0].y), b[1], fma(vec4f(a[0].x), b[0], sum[0])))),
    fma(vec4f(a[1].w), b[3], fma(vec4f(a[1].z), b[2], fma(vec4f(a[1].y), b[1], fma(vec4f(a[1].x), b[0], sum[1])))),
    fma(vec4f(a[2].w), b[3], fma(vec4f(a[2].z), b[2], fma(vec4f(a[2].y), b[1], fma(vec4f(a[2].x), b[0], sum[2])))),
    fma(vec4f(a[3].w), b[3], fma(vec4f(a[3].z), b[2], fma(vec4f(a[3].y), b[1], fma(vec4f(a[3].x), b[0], sum[3])))),
  );
}
`;

/** A matrix of vec4f, stored row by row in a buffer. */
export interface StoredMatrix {
  /** Name of the WGSL function that reads a block of it. */
  readonly name: string;
  readonly buffer: string;
  /** WGSL expression for its offset, in vec4f. */
  readonly at: string;
  /** Width of a row in vec4f. */
  readonly width4: number;
  readonly height: number;
  /** Whether each word holds four features as bytes. */
  readonly isBytes?: boolean;
}

/** `fn NAME(rows: vec4u, column4: u32) -> mat4x4f`: returns one vec4f from each of four rows, as columns. */
export function readBlock({ name, buffer, at, width4, isBytes = false }: StoredMatrix): string {
  return wgsl /* wgsl */ `
fn ${name}(rows: vec4u, column4: u32) -> mat4x4f {
  let at = rows * ${width4}u + (${at} + column4);
#if ${isBytes}
  return mat4x4f(bytesOf(${buffer}[at.x]), bytesOf(${buffer}[at.y]), bytesOf(${buffer}[at.z]), bytesOf(${buffer}[at.w]));
#else
  return mat4x4f(${buffer}[at.x], ${buffer}[at.y], ${buffer}[at.z], ${buffer}[at.w]);
#endif
}
`;
}

/** Size of an invocation's tile, in blocks of 4 × 4. */
export interface TileShape {
  readonly rows4: number;
  readonly columns4: number;
}

/** A tile of an invocation, in workgroups of a size. */
export interface RegisterShape extends TileShape {
  readonly workgroupSize: number;
}

/** Names of the accumulators of a tile: 'sum_0_0', 'sum_0_1', …. */
export const accumulatorNames = ({ rows4, columns4 }: TileShape): readonly string[] =>
  Array.from({ length: rows4 * columns4 }, (_, i) => {
    return `sum_${Math.floor(i / columns4)}_${i % columns4}`;
  });

/**
 * Stores the rows of a tile's blocks, in a loop. Unrolled, the epilogues would be most of the code, and compilation
 * would take longer than the first hundred steps.
 * @param placeOf WGSL for the position in C, in blocks, of a row and a column of the tile
 * @param mayBeOutside whether the last tiles may extend beyond the rows and columns of C
 */
export function storeAccumulators(
  { name: n }: Product,
  tile: TileShape,
  placeOf: { readonly row: (r: string) => string; readonly column: (c: string) => string },
  mayBeOutside = { rows: true, columns: true },
): string {
  const { columns4 } = tile;
  const sums = accumulatorNames(tile).flatMap((sum) => [0, 1, 2, 3].map((m) => `${sum}[${m}]`));
  const inside = [
    ...(mayBeOutside.rows ? [`r4 < ROWS4${n}`] : []),
    ...(mayBeOutside.columns ? [`c4 < COLUMNS4${n}`] : []),
  ].join(' && ');
  return wgsl /* wgsl */ `  var sums = array<vec4f, ${sums.length}>(${sums.join(', ')});
  for (var i = 0u; i < ${sums.length}u; i++) {
    let r4 = ${placeOf.row(`i / ${4 * columns4}u`)};
    let c4 = ${placeOf.column(`i / 4u % ${columns4}u`)};
    ${inside && `if (${inside}) `}{ store${n}(4u * r4 + i % 4u, c4, sums[i]); }
  }`;
}
