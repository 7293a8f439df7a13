/**
 * Register tiles: each invocation computes a tile of blocks independently and loads its own operands. Larger tiles
 * reuse each load more often.
 */
import { each, wgsl } from '../wgsl.ts';
import {
  declareProduct,
  storeAccumulators,
  accumulatorNames,
  type Product,
  type TileShape,
} from './product.ts';

export interface SimpleTile extends TileShape {
  readonly loop: 'simple';
  readonly workgroupSize: number;
}

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

/** `fn matmul(workgroup: u32, lane: u32)`: computes the tile of one invocation. */
export function simple(product: Product, tile: SimpleTile): string {
  const { name: n } = product;
  return wgsl /* wgsl */ `${declareProduct(product)}${simpleTile(product, tile)}
fn matmul${n}(workgroup: u32, lane: u32) {
  let index = workgroup * ${tile.workgroupSize}u + lane;
  let row4 = index / ${tilesAcross(product, tile)}u * ${tile.rows4}u;
  let column4 = index % ${tilesAcross(product, tile)}u * ${tile.columns4}u;
  if (row4 < ROWS4${n}) { tile${n}(row4, column4); }
}
`;
}

export function simpleWorkgroups(product: Product, tile: SimpleTile): number {
  const tiles = tilesAcross(product, tile) * Math.ceil(product.rows4 / tile.rows4);
  return Math.ceil(tiles / tile.workgroupSize);
}

function tilesAcross({ columns4 }: Product, tile: SimpleTile): number {
  return Math.ceil(columns4 / tile.columns4);
}
