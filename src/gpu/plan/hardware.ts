/**
 * Divides a step for a GPU, by arithmetic alone. No number here was measured on hardware. They are the starting point
 * for a tuner; `bench/gpu.ts` measures them and their neighbours.
 *
 * WebGPU does not tell the number of cores. The plan therefore aims at about a hundred: extra workgroups cost little on
 * fewer cores, while too few leave cores idle on more.
 */
import type { Tile } from '../../../shaders/matmul/matmul.ts';
import type { TiledTile } from '../../../shaders/matmul/tiled.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { maxLayersPerKernel, type LayerPlan, type Plan, type PlanAdapter } from './plan.ts';

/** Size of every workgroup. The updates of all layers are one kernel, so their workgroups must have the same size. */
const workgroupSize = 256;
/** Minimum number of workgroups for tiles in workgroup memory: about two per core. */
const minWorkgroups = 192;
/** Minimum number of invocations that hide memory latency if each loads its own operands. */
const minInvocations = 16384;
/** Maximum parts of a sum. With more, adding up the parts takes as long as computing them. */
const maxSplitK = 16;

/** Sorted from most to least reuse: 128 × 128, 128 × 64 and 64 × 64 sums per workgroup. */
const tiledTiles: readonly TiledTile[] = [
  { loop: 'tiled', rows4: 2, columns4: 2, across: 16, tileK4: 4, workgroupSize },
  { loop: 'tiled', rows4: 2, columns4: 1, across: 16, tileK4: 4, workgroupSize },
  { loop: 'tiled', rows4: 1, columns4: 1, across: 16, tileK4: 8, workgroupSize },
];

/** Returns the tile for a product of `rows4` × `columns4` blocks whose sums have 4·`k4` terms. */
function productTile(rows4: number, columns4: number, k4: number): Tile {
  const tile = tiledTiles.find((one) => {
    const down = (one.rows4 * workgroupSize) / one.across;
    const across = one.columns4 * one.across;
    return Math.ceil(rows4 / down) * Math.ceil(columns4 / across) >= minWorkgroups;
  });
  // Such short sums are not worth synchronizing invocations.
  if (k4 < 8) return { loop: 'simple', rows4: 1, columns4: 1, workgroupSize };
  if (tile) return tile;
  let splitK = 2;
  while (2 * splitK <= Math.min(maxSplitK, k4 / 2) && rows4 * columns4 * splitK < minInvocations)
    splitK *= 2;
  const across = Math.min(8, 2 ** Math.ceil(Math.log2(columns4)));
  return { loop: 'splitK', splitK, across, workgroupSize };
}

/** Maximum weights that all workgroups of a fused dispatch read together: 32 MiB, a few µs from a cache. */
const maxFusedReads = 2 ** 23;

/**
 * Fuses the last layers, or all, if they are so small that separate dispatches would cost more than reading their
 * weights many times.
 */
function fusedPlan(sizes: readonly number[], batchSize: number): Plan['fused'] {
  const rows4 = batchSize > 512 ? 2 : 1;
  const isSmall = (l: number) =>
    sizes[l]! * sizes[l + 1]! * Math.ceil(batchSize / (4 * rows4)) <= maxFusedReads;
  const end = sizes.length - 1;
  let from = end;
  while (from > 0 && end - from < maxLayersPerKernel && isSmall(from - 1)) from--;
  return from === end ? undefined : { from, loop: 'splitK', rows4, workgroupSize };
}

/**
 * Returns the tiles of all layers, and the fused layers. Without plans of their own, adapters that compute on the CPU
 * get small register tiles, because invocations that wait for each other there take a hundred times as long.
 */
export function hardwarePlan(
  sizes: readonly number[],
  batchSize: number,
  { isSoftware }: PlanAdapter,
): Pick<Plan, 'layers' | 'fused'> {
  if (isSoftware) {
    const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 16 } as const;
    return {
      layers: sizes.slice(1).map(() => ({ forward: tile, hiddenDelta: tile, update: tile })),
    };
  }
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
