/** Operands that kernels read from textures: SwiftShader fetches a texel sooner than it loads from a buffer. */
import { maxTexels, maxTextures, type SwappedTile } from '../../../shaders/software/swapped.ts';
import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { paddedRows, type Plan, type PlanAdapter, type UsedTile } from '../plan/plan.ts';

/** Layers whose weight gradients one kernel reads two textures each for. */
export const maxTexturedLayers = maxTextures / 2;

/** Whether the matrices of a layer are no larger than textures may be. @param rows of the mini-batch buffers */
export function fitsTextures(inputs: number, outputs: number, rows: number): boolean {
  return Math.max(4 * vec4s(inputs), vec4s(outputs), rows) <= maxTexels;
}

const isTextured = (tile: Tile) => tile.loop === 'swapped' && tile.fromTextures;

/** Why the tiles of a plan cannot read from textures; undefined where they can, or do not. */
export function textureProblem(plan: Plan, tiles: readonly UsedTile[]): string | undefined {
  const rows = paddedRows(plan.batchSize);
  const wrong = tiles.find(
    ({ tile, inputs, outputs }) => isTextured(tile) && !fitsTextures(inputs, outputs, rows),
  );
  if (wrong) {
    const { name, inputs, outputs } = wrong;
    return `The ${name} reads textures, which hold layers of ${maxTexels} neurons and ${maxTexels} rows, and it is ${inputs}→${outputs} with ${rows} rows`;
  }
  const textured = plan.layers.filter(({ update }) => isTextured(update)).length;
  if (textured <= maxTexturedLayers) return undefined;
  return `The updates of ${textured} layers read textures, and those of at most ${maxTexturedLayers} can`;
}

/** Why a tile cannot be swapped on an adapter; undefined where it can. */
export function swapProblem(
  { rows4, workgroupSize }: SwappedTile,
  { subgroupSize }: PlanAdapter,
): string | undefined {
  if (subgroupSize !== 4) {
    const has = subgroupSize > 0 ? `subgroups of ${subgroupSize}` : 'no subgroups of one size';
    return `is swapped between four invocations, and this adapter has ${has}`;
  }
  if (workgroupSize % 4 === 0 && rows4 % 4 === 0) return undefined;
  return `has ${4 * rows4} rows for workgroups of ${workgroupSize}, which four invocations cannot share evenly`;
}
