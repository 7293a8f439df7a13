/** Draws tiles that every adapter can run. */
import { maxWorkgroupVec4s, type Tile } from '../../../shaders/matmul/matmul.ts';
import { tiledWorkgroupVec4s } from '../../../shaders/matmul/tiled.ts';
import type { Samples } from './samples.ts';

export const workgroupSizes = [4, 8, 16, 64] as const;

export type DrawTile = () => Tile;

/** Tiles of one main loop that software adapters compile quickly. @param workgroupSize default: any */
export function drawTile(draw: Samples, loop: Tile['loop'], workgroupSize?: number): DrawTile {
  return () => {
    for (;;) {
      const tile = drawAny(draw, loop, workgroupSize);
      if (tile.loop !== 'tiled' || tiledWorkgroupVec4s(tile) <= maxWorkgroupVec4s) return tile;
    }
  };
}

function drawAny(draw: Samples, loop: Tile['loop'], given: number | undefined): Tile {
  const shape = { rows4: draw.pick([1, 1, 2, 3]), columns4: draw.pick([1, 1, 2]) };
  if (loop === 'simple') {
    return { loop, ...shape, workgroupSize: given ?? draw.pick(workgroupSizes) };
  }
  if (loop === 'swapped') {
    return {
      ...{ loop, rows4: draw.pick([4, 4, 8]), columns4: draw.pick([1, 1, 2]) },
      ...{
        workgroupSize: given ?? draw.pick(workgroupSizes),
        fromTextures: draw.pick([true, false]),
      },
    };
  }
  const workgroupSize = given ?? draw.pick([16, 32, 64]);
  if (loop === 'tiled') {
    const across = draw.pick([1, 2, 4, 8, 16]);
    return { loop, ...shape, across, tileK4: draw.pick([1, 2, 3, 4]), workgroupSize };
  }
  const splitK = draw.pick([1, 2, 4, 8]);
  return { loop, splitK, across: draw.pick([1, 2, workgroupSize / 8]), workgroupSize };
}

/** 'tiled, 2×1 blocks by 64, 8 across, 4 staged' */
export function tileText({ loop, ...tile }: Tile): string {
  const numbers = Object.entries(tile).map(([name, value]) => `${name} ${value}`);
  return `${loop} ${numbers.join(' ')}`;
}
