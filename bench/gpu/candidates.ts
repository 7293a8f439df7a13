/** Tiles to be measured on a GPU, for products of every size; `rows` count rows of sums. */
import type { Sharing, Tile } from '../../shaders/tile.ts';

const staged = (
  workgroupSize: number,
  across: number,
  slices: number,
  depth: number,
  ahead = false,
): Sharing => ({ workgroupSize, across, slices, depth, ahead });

/** Blocks of sums a workgroup, as they are called in the literature. */
const blocks: readonly Tile[] = [
  // 128 × 128
  { rows: 8, quads: 2, shared: staged(256, 16, 1, 8) },
  { rows: 8, quads: 2, shared: staged(256, 16, 1, 8, true) },
  // 128 × 64 and 64 × 128
  { rows: 8, quads: 1, shared: staged(256, 16, 1, 8) },
  { rows: 8, quads: 1, shared: staged(256, 16, 1, 16) },
  { rows: 8, quads: 1, shared: staged(256, 16, 1, 16, true) },
  { rows: 4, quads: 2, shared: staged(256, 16, 1, 8) },
  { rows: 4, quads: 2, shared: staged(256, 16, 1, 16) },
  // 64 × 64, by 256 invocations and by 64
  { rows: 4, quads: 1, shared: staged(256, 16, 1, 8) },
  { rows: 4, quads: 1, shared: staged(256, 16, 1, 16) },
  { rows: 4, quads: 1, shared: staged(256, 16, 1, 16, true) },
  { rows: 8, quads: 2, shared: staged(64, 8, 1, 8) },
  { rows: 8, quads: 2, shared: staged(64, 8, 1, 8, true) },
  { rows: 8, quads: 1, shared: staged(128, 16, 1, 16) },
  // 32 × 32, whole and in slices
  { rows: 4, quads: 1, shared: staged(64, 8, 1, 8) },
  { rows: 4, quads: 1, shared: staged(64, 8, 1, 16) },
  { rows: 4, quads: 1, shared: staged(128, 8, 2, 16) },
  { rows: 4, quads: 1, shared: staged(256, 8, 4, 32) },
];

/** Nothing staged: registers alone, and slices. */
const unstaged: readonly Tile[] = [
  { rows: 8, quads: 2 },
  { rows: 8, quads: 1 },
  { rows: 4, quads: 2 },
  { rows: 4, quads: 1 },
  { rows: 4, quads: 1, shared: staged(256, 8, 4, 0) },
  { rows: 4, quads: 1, shared: staged(256, 8, 16, 0) },
  { rows: 4, quads: 1, shared: staged(128, 4, 8, 0) },
];
const low: readonly Tile[] = [
  { rows: 2, quads: 1, shared: staged(256, 8, 8, 0) },
  { rows: 1, quads: 1, shared: staged(256, 8, 16, 0) },
];

export const rowTiles: readonly Tile[] = [...blocks, ...unstaged, ...low];

/** Of an update, whose `rows` count quads of inputs. */
export const updateTiles: readonly Tile[] = [...blocks, ...unstaged].map((tile) => ({
  ...tile,
  rows: tile.rows / 4,
}));

/** Samples and invocations of the workgroups that go forward and back. */
export const fusedShapes = [1, 2, 4, 8].flatMap((rows) =>
  [64, 128, 256].map((workgroupSize) => ({ rows, workgroupSize })),
);

/** '8×8, 256 16 across, 1 slices, 8 deep, ahead' */
export function tileName({ rows, quads, shared }: Tile, height: 1 | 4): string {
  const tile = `${height * rows}×${4 * quads}`;
  if (!shared) return `${tile}, alone`;
  const { workgroupSize, across, slices, depth, ahead } = shared;
  return `${tile}, ${workgroupSize} ${across} across, ${slices} slices, ${depth} deep${ahead === true ? ', ahead' : ''}`;
}
