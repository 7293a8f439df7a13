/**
 * How a step is cut up for a GPU: by arithmetic alone. No figure here was measured on hardware; they are the starting
 * point of a tuner, and `bench/gpu.ts` measures them and what lies beside them.
 *
 * WebGPU does not tell how many cores there are. What keeps about a hundred busy is chosen, since on fewer it costs
 * little to have too many workgroups, while on more of them too few leave cores idle.
 */
import type { Tile } from '../../../shaders/matmul/matmul.ts';
import type { TiledTile } from '../../../shaders/matmul/tiled.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { LayerPlan, Plan } from './plan.ts';

/** Of every workgroup: the updates of all layers are one kernel, whose workgroups have one size. */
const workgroupSize = 256;
/** Workgroups that tiles in workgroup memory must be enough for: two or so a core. */
const minWorkgroups = 192;
/** Invocations that hide the latency of memory where each loads for itself. */
const minInvocations = 16384;
/** More parts, and adding them up takes as long as the sums. */
const maxSplitK = 16;

/** From most to least reuse: 128 × 128, 128 × 64 and 64 × 64 sums a workgroup. */
const tiledTiles: readonly TiledTile[] = [
  { loop: 'tiled', rows4: 2, columns4: 2, across: 16, tileK4: 4, workgroupSize },
  { loop: 'tiled', rows4: 2, columns4: 1, across: 16, tileK4: 4, workgroupSize },
  { loop: 'tiled', rows4: 1, columns4: 1, across: 16, tileK4: 8, workgroupSize },
];

/** The tile of a product whose blocks are `rows4` × `columns4`, and whose sums are `k4` times four steps long. */
function productTile(rows4: number, columns4: number, k4: number): Tile {
  const tile = tiledTiles.find((one) => {
    const down = (one.rows4 * workgroupSize) / one.across;
    const across = one.columns4 * one.across;
    return Math.ceil(rows4 / down) * Math.ceil(columns4 / across) >= minWorkgroups;
  });
  // Sums so short are not worth waiting for each other.
  if (k4 < 8) return { loop: 'simple', rows4: 1, columns4: 1, workgroupSize };
  if (tile) return tile;
  let splitK = 2;
  while (2 * splitK <= Math.min(maxSplitK, k4 / 2) && rows4 * columns4 * splitK < minInvocations)
    splitK *= 2;
  const across = Math.min(8, 2 ** Math.ceil(Math.log2(columns4)));
  return { loop: 'splitK', splitK, across, workgroupSize };
}

/** Weights that all workgroups of a fused dispatch may read together: 32 MiB, a few µs from a cache. */
const maxFusedReads = 2 ** 23;

/** The last layers, or all, that are so small that a dispatch each would cost more than reading them many times. */
function fusedPlan(sizes: readonly number[], batchSize: number): Plan['fused'] {
  const rows4 = batchSize > 512 ? 2 : 1;
  const isSmall = (l: number) =>
    sizes[l]! * sizes[l + 1]! * Math.ceil(batchSize / (4 * rows4)) <= maxFusedReads;
  let from = sizes.length - 1;
  while (from > 0 && isSmall(from - 1)) from--;
  return from === sizes.length - 1 ? undefined : { from, loop: 'splitK', rows4, workgroupSize };
}

/** Tiles of all layers, and what is fused. */
export function hardwarePlan(
  sizes: readonly number[],
  batchSize: number,
): Pick<Plan, 'layers' | 'fused'> {
  const batch4 = vec4s(batchSize);
  const layers = sizes.slice(1).map((outputs, l): LayerPlan => {
    const [inputs4, outputs4] = [vec4s(sizes[l]!), vec4s(outputs)];
    return {
      forward: productTile(batch4, outputs4, inputs4),
      hiddenDelta: productTile(batch4, inputs4, outputs4),
      update: productTile(inputs4 + 1, outputs4, batch4),
    };
  });
  const fused = fusedPlan(sizes, batchSize);
  return { layers, ...(fused && { fused }) };
}
