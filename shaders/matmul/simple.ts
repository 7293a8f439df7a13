/**
 * Register tiles: each invocation computes a tile of blocks independently and loads its own operands. Larger tiles
 * reuse each load more often.
 */
import { each, wgsl } from '../wgsl.ts';
import {
  declareProduct,
  storeAccumulators,
  accumulatorNames,
  type Matmul,
  type Product,
  type RegisterShape,
  type TileShape,
} from './product.ts';

/** `fn tile(row4: u32, column4: u32)`: computes the tile that begins at this block. */
export function simpleTile(product: Product, tile: TileShape): string {
  const { name: n } = product;
  const { rows4, columns4 } = tile;
  const outside = { rows: product.rows4 % rows4 > 0, columns: product.columns4 % columns4 > 0 };
  const row = (r: number) => (outside.rows ? `min(row4 + ${r}u, ROWS4${n} - 1u)` : `row4 + ${r}u`);
  const column = (c: number) =>
    outside.columns ? `min(column4 + ${c}u, COLUMNS4${n} - 1u)` : `column4 + ${c}u`;
  const sums = accumulatorNames(tile);
  return wgsl /* wgsl */ `
fn tile${n}(row4: u32, column4: u32) {
${each(rows4, (r) => `  let rows_${r} = rowsOfA${n}(${row(r)});`)}
${sums.map((sum) => `  var ${sum} = mat4x4f();`).join('\n')}
  for (var k4 = 0u; k4 < K4${n}; k4++) {
    let steps = stepsOfA${n}(k4);
${each(columns4, (c) => `    let b_${c} = loadB${n}(k4, ${column(c)});`)}
${each(
  rows4,
  (r) => `    let a_${r} = loadA${n}(rows_${r}, steps);
${each(columns4, (c) => `    sum_${r}_${c} = multiplyAdd(sum_${r}_${c}, a_${r}, b_${c});`)}`,
)}
  }
${storeAccumulators(product, tile, { row: (r) => `row4 + ${r}`, column: (c) => `column4 + ${c}` }, outside)}
}
`;
}

/** Computes the tile of one invocation. */
export function simple(product: Product, tile: RegisterShape): Matmul {
  const { name: n } = product;
  const { rows4, columns4, workgroupSize } = tile;
  const across = Math.ceil(product.columns4 / columns4);
  const code = wgsl /* wgsl */ `${declareProduct(product)}${simpleTile(product, tile)}
fn matmul${n}(workgroup: u32, lane: u32) {
  let index = workgroup * ${workgroupSize}u + lane;
  let row4 = index / ${across}u * ${rows4}u;
  let column4 = index % ${across}u * ${columns4}u;
  if (row4 < ROWS4${n}) { tile${n}(row4, column4); }
}
`;
  const tiles = across * Math.ceil(product.rows4 / rows4);
  return { code, workgroups: Math.ceil(tiles / workgroupSize) };
}
