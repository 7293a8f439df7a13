/**
 * Limits for tiles that are swapped between invocations, and for those that read operands from textures, because
 * SwiftShader fetches a texel faster than it loads from a buffer.
 */
import { paddedRows } from '../../../shaders/batch.ts';
import { maxTexels, maxTextures } from '../../../shaders/software/swapped.ts';
import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { Plan, PlanAdapter, UsedTile } from '../plan/plan.ts';

/** Maximum layers whose weight gradients one kernel can compute from textures, two per layer. */
export const maxTexturedLayers = maxTextures / 2;

/**
 * Whether the matrices of a layer fit into textures.
 * @param rows rows of the mini-batch buffers
 */
export function fitsTextures(inputs: number, outputs: number, rows: number): boolean {
  return Math.max(4 * vec4s(inputs), vec4s(outputs), rows) <= maxTexels;
}

const isTextured = ({ loop }: Tile) => loop === 'textured';

/** Returns why the tiles of a plan cannot read from textures; undefined if they can or do not. */
export function textureProblem(plan: Plan, tiles: readonly UsedTile[]): string | undefined {
  const rows = paddedRows(plan.batchSize);
  const wrong = tiles.find(
    ({ tile, inputs, outputs }) => isTextured(tile) && !fitsTextures(inputs, outputs, rows),
  );
  if (wrong) {
    const { name, inputs, outputs } = wrong;
    return `The ${name} reads textures, which hold at most ${maxTexels} neurons and ${maxTexels} rows, but it is ${inputs}→${outputs} with ${rows} rows`;
  }
  const textured = plan.layers.filter(({ update }) => isTextured(update)).length;
  if (textured <= maxTexturedLayers) return undefined;
  return `The updates of ${textured} layers read textures, but at most ${maxTexturedLayers} layers can`;
}

/** Returns why an adapter cannot run the swapped tiles of a plan; undefined if it can or there are none. */
export function swapProblem(
  tiles: readonly UsedTile[],
  { subgroupSize }: PlanAdapter,
): string | undefined {
  for (const { name, tile } of tiles) {
    if (tile.loop !== 'swapped' && tile.loop !== 'textured') continue;
    const { rows4, workgroupSize } = tile;
    if (subgroupSize !== 4) {
      const has = subgroupSize > 0 ? `subgroups of ${subgroupSize}` : 'no subgroups of one size';
      return `The tile for the ${name} is swapped between the four invocations of a subgroup, but this adapter has ${has}`;
    }
    if (workgroupSize % 4 !== 0 || rows4 % 4 !== 0) {
      return `The tile for the ${name} has ${4 * rows4} rows for workgroups of ${workgroupSize}, which four invocations cannot share evenly`;
    }
  }
  return undefined;
}
