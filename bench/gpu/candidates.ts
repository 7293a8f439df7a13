/** Tiles to measure on a GPU, for products of every size. */
import type { FusedTile } from '../../shaders/fused.ts';
import type { Tile } from '../../shaders/matmul/matmul.ts';

const tiled = (
  [rows4, columns4]: readonly [number, number],
  [workgroupSize, across]: readonly [number, number],
  tileK4: number,
): Tile => ({ loop: 'tiled', rows4, columns4, across, tileK4, workgroupSize });

export const tiles: readonly Tile[] = [
  // 128 × 128, 128 × 64 and 64 × 128 sums per workgroup
  tiled([2, 2], [256, 16], 2),
  tiled([2, 2], [256, 16], 4),
  tiled([2, 1], [256, 16], 2),
  tiled([2, 1], [256, 16], 4),
  tiled([1, 2], [256, 16], 4),
  // 64 × 64, by 256 invocations and by 64
  tiled([1, 1], [256, 16], 2),
  tiled([1, 1], [256, 16], 4),
  tiled([1, 1], [256, 16], 8),
  tiled([2, 2], [64, 8], 2),
  tiled([2, 2], [64, 8], 4),
  // 32 × 32
  tiled([1, 1], [64, 8], 4),
  tiled([1, 1], [64, 8], 8),
  ...[64, 256].flatMap((workgroupSize): Tile[] => [
    { loop: 'simple', rows4: 2, columns4: 2, workgroupSize },
    { loop: 'simple', rows4: 2, columns4: 1, workgroupSize },
    { loop: 'simple', rows4: 1, columns4: 1, workgroupSize },
  ]),
  ...[2, 4, 8, 16].flatMap((splitK): Tile[] => [
    { loop: 'splitK', splitK, across: 8, workgroupSize: 256 },
    { loop: 'splitK', splitK, across: 4, workgroupSize: 128 },
  ]),
];

/** Tiles of the kernel that goes forward and back in one dispatch. */
export const fusedTiles: readonly FusedTile[] = [1, 2, 4].flatMap((rows4) =>
  [64, 128, 256].map((workgroupSize) => ({ loop: 'splitK', rows4, workgroupSize }) as const),
);
