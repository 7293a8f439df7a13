/**
 * Tiles in workgroup memory: a workgroup loads the operands of its blocks once, some steps of the sum at a time, and
 * all its invocations multiply from there. A workgroup of 64 × 64 sums reads a 16th of the data that 4 × 4 tiles would
 * read. This loop is for adapters with fast workgroup memory, which are GPUs.
 */
import { each, wgsl } from '../wgsl.ts';
import {
  declareProduct,
  storeAccumulators,
  type Matmul,
  type Product,
  type TileShape,
} from './product.ts';

export interface TiledTile extends TileShape {
  readonly loop: 'tiled';
  /** Invocations side by side in a workgroup. */
  readonly across: number;
  /** Steps of the sum that are staged at a time, divided by 4. */
  readonly tileK4: number;
  readonly workgroupSize: number;
}

export function tiled(product: Product, tile: TiledTile): Matmul {
  const { name: n, k4 } = product;
  const { rows4, columns4, across, tileK4, workgroupSize } = tile;
  const groupRows4 = (rows4 * workgroupSize) / across;
  const groupColumns4 = columns4 * across;
  const groupsAcross = Math.ceil(product.columns4 / groupColumns4);
  // The blocks of an invocation are `across` apart, so that neighbouring invocations read adjacent memory.
  const a = (r: number, m: number) =>
    `shared4[(4u * (y + ${r * (workgroupSize / across)}u) + ${m}u) * TILE_K4${n} + t]`;
  const b = (c: number, k: number) =>
    `shared4[B_AT${n} + (4u * t + ${k}u) * GROUP_COLUMNS4${n} + x + ${c * across}u]`;
  const turns = (blocks4: number) => Math.ceil((blocks4 * tileK4) / workgroupSize);
  const block = (value: (i: number) => string) => `mat4x4f(${[0, 1, 2, 3].map(value).join(', ')})`;
  const code = wgsl /* wgsl */ `${declareProduct(product)}
const TILE_K4${n} = ${tileK4}u;
const GROUP_ROWS4${n} = ${groupRows4}u;
const GROUP_COLUMNS4${n} = ${groupColumns4}u;
const B_AT${n} = ${4 * groupRows4 * tileK4}u;
fn stage${n}(firstRow4: u32, firstColumn4: u32, firstK4: u32, lane: u32) {
  for (var turn = 0u; turn < ${turns(groupRows4)}u; turn++) {
    let i = turn * ${workgroupSize}u + lane;
    if (i < GROUP_ROWS4${n} * TILE_K4${n}) {
      let row4 = min(firstRow4 + i / TILE_K4${n}, ROWS4${n} - 1u);
      let k4 = firstK4 + i % TILE_K4${n};
      var a = loadA${n}(rowsOfA${n}(row4), stepsOfA${n}(min(k4, K4${n} - 1u)));
#if ${k4 % tileK4 !== 0}
      if (k4 >= K4${n}) { a = mat4x4f(); }
#endif
      for (var m = 0u; m < 4u; m++) { shared4[(4u * (i / TILE_K4${n}) + m) * TILE_K4${n} + i % TILE_K4${n}] = a[m]; }
    }
  }
  for (var turn = 0u; turn < ${turns(groupColumns4)}u; turn++) {
    let i = turn * ${workgroupSize}u + lane;
    if (i < TILE_K4${n} * GROUP_COLUMNS4${n}) {
      let t = i / GROUP_COLUMNS4${n};
      let column4 = min(firstColumn4 + i % GROUP_COLUMNS4${n}, COLUMNS4${n} - 1u);
      let b = loadB${n}(min(firstK4 + t, K4${n} - 1u), column4);
      for (var k = 0u; k < 4u; k++) { shared4[B_AT${n} + (4u * t + k) * GROUP_COLUMNS4${n} + i % GROUP_COLUMNS4${n}] = b[k]; }
    }
  }
}

fn matmul${n}(workgroup: u32, lane: u32) {
  let firstRow4 = workgroup / ${groupsAcross}u * GROUP_ROWS4${n};
  let firstColumn4 = workgroup % ${groupsAcross}u * GROUP_COLUMNS4${n};
  // min changes nothing, but tells browsers the range of x and y, which spares a check at every read below.
  let x = min(lane % ${across}u, ${across - 1}u);
  let y = min(lane / ${across}u, ${workgroupSize / across - 1}u);
${each(rows4, (r) => each(columns4, (c) => `  var sum_${r}_${c} = mat4x4f();`))}
  for (var s = 0u; s < ${Math.ceil(k4 / tileK4)}u; s++) {
    workgroupBarrier();
    stage${n}(firstRow4, firstColumn4, s * TILE_K4${n}, lane);
    workgroupBarrier();
    for (var t = 0u; t < TILE_K4${n}; t++) {
${each(columns4, (c) => `      let b_${c} = ${block((k) => b(c, k))};`)}
${each(
  rows4,
  (r) => `      let a_${r} = ${block((m) => a(r, m))};
${each(columns4, (c) => `      sum_${r}_${c} = multiplyAdd(sum_${r}_${c}, a_${r}, b_${c});`)}`,
)}
    }
  }
${storeAccumulators(product, tile, {
  row: (r) => `firstRow4 + y + ${r} * ${workgroupSize / across}u`,
  column: (c) => `firstColumn4 + x + ${c} * ${across}u`,
})}
}
`;
  return { code, workgroups: groupsAcross * Math.ceil(product.rows4 / groupRows4) };
}

/** Workgroup memory in vec4f: one stage of both operands. */
export function tiledWorkgroupVec4s(tile: Omit<TiledTile, 'loop'>): number {
  const { rows4, columns4, across, tileK4, workgroupSize } = tile;
  return 4 * tileK4 * ((rows4 * workgroupSize) / across + columns4 * across);
}
