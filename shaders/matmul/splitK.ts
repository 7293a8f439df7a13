/**
 * Split-K: several invocations compute parts of the same sums, for products with fewer sums than a GPU has lanes. The
 * parts are added in a fixed order, so the same plan gives the same bits.
 */
import { wgsl } from '../wgsl.ts';
import { declareProduct, type Matmul, type Product } from './product.ts';

export interface SplitKTile {
  readonly loop: 'splitK';
  /** Invocations that share the sums of a block. */
  readonly splitK: number;
  /** Blocks side by side in a workgroup. */
  readonly across: number;
  readonly workgroupSize: number;
}

/**
 * `fn tile(row4: u32, column4: u32, lane: u32)`: computes the blocks of a workgroup, starting at `row4`, `column4`.
 * @param down rows of blocks in a workgroup
 */
export function splitKTile(
  product: Product,
  { splitK, across, workgroupSize }: Omit<SplitKTile, 'loop'>,
  down = workgroupSize / (across * splitK),
): string {
  const { name: n, k4 } = product;
  const isRagged = k4 % splitK !== 0;
  const busy = across * splitK * down;
  const isInside = `r4 < ROWS4${n} && c4 < COLUMNS4${n}${busy < workgroupSize ? ` && lane < ${busy}u` : ''}`;
  return wgsl /* wgsl */ `
const SPLIT_K${n} = ${splitK}u;
const ACROSS${n} = ${across}u;

fn tile${n}(row4: u32, column4: u32, lane: u32) {
  let part = lane / ACROSS${n} % SPLIT_K${n};
  let r4 = row4 + lane / (ACROSS${n} * SPLIT_K${n});
  let c4 = column4 + lane % ACROSS${n};
  let rows = rowsOfA${n}(min(r4, ROWS4${n} - 1u));
  var sum = mat4x4f();
  for (var i = 0u; i < ${Math.ceil(k4 / splitK)}u; i++) {
    let k4 = i * SPLIT_K${n} + part;
#if ${isRagged}
    if (k4 < K4${n}) {
#else
    {
#endif
      sum = multiplyAdd(sum, loadA${n}(rows, stepsOfA${n}(k4)), loadB${n}(k4, min(c4, COLUMNS4${n} - 1u)));
    }
  }
  for (var m = 0u; m < 4u; m++) { shared4[m * ${workgroupSize}u + lane] = sum[m]; }
  workgroupBarrier();
  let first = lane - part * ACROSS${n};
  // The four rows are dealt to the parts, too.
  for (var i = 0u; i < ${Math.ceil(4 / splitK)}u; i++) {
    let m = i * SPLIT_K${n} + part;
    var total = vec4f();
    for (var p = 0u; p < SPLIT_K${n}; p++) { total += shared4[m * ${workgroupSize}u + first + p * ACROSS${n}]; }
    if (${isInside} && m < 4u) { store${n}(4u * r4 + m, c4, total); }
  }
  workgroupBarrier();
}
`;
}

export function splitK(product: Product, tile: SplitKTile): Matmul {
  const { name: n } = product;
  const { across, workgroupSize } = tile;
  const down = workgroupSize / (across * tile.splitK);
  const groupsAcross = Math.ceil(product.columns4 / across);
  const code = wgsl /* wgsl */ `${declareProduct(product)}${splitKTile(product, tile)}
fn matmul${n}(workgroup: u32, lane: u32) {
  let row4 = workgroup / ${groupsAcross}u * ${down}u;
  let column4 = workgroup % ${groupsAcross}u * ${across}u;
  tile${n}(row4, column4, lane);
}
`;
  return { code, workgroups: groupsAcross * Math.ceil(product.rows4 / down) };
}

/** Workgroup memory in vec4f: the parts of four rows. */
export const splitKWorkgroupVec4s = ({ workgroupSize }: Pick<SplitKTile, 'workgroupSize'>) =>
  4 * workgroupSize;
