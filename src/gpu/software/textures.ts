/** Operands that kernels read from textures: SwiftShader fetches a texel sooner than it loads from a buffer. */
import { mostTexels, mostTextures } from '../../../shaders/texture.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { Plan, UsedTile } from '../plan/plan.ts';

/** Layers whose weight gradients one kernel reads two textures each for. */
export const mostTexturedLayers = mostTextures / 2;

/** Whether the matrices of a layer are no larger than textures may be. @param rows of the mini-batch buffers */
export function fitsTextures(inputs: number, outputs: number, rows: number): boolean {
  return Math.max(4 * quads(inputs), quads(outputs), rows) <= mostTexels;
}

/** Why the tiles of a plan cannot read from textures; undefined where they can, or do not. */
export function textureProblem(plan: Plan, tiles: readonly UsedTile[]): string | undefined {
  for (const { name, tile, inputs, outputs } of tiles.filter((used) => used.tile.fromTextures)) {
    if (tile.isPlain === true || tile.shared) {
      return `The tile for the ${name} reads textures, which ${tile.shared ? 'shared' : 'plain'} tiles do not`;
    }
    if (!fitsTextures(inputs, outputs, plan.rows)) {
      return `The ${name} reads textures, which hold layers of ${mostTexels} neurons and ${mostTexels} rows, and it is ${inputs}→${outputs} with ${plan.rows} rows`;
    }
  }
  const textured = plan.layers.filter(({ update }) => update.fromTextures).length;
  if (textured <= mostTexturedLayers) return undefined;
  return `The updates of ${textured} layers read textures, and those of at most ${mostTexturedLayers} can`;
}
