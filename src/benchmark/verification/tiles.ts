/** Draws tiles that every adapter can run. */
import {
  maxWorkgroupVec4s,
  softwareLoops,
  workgroupVec4s,
  type Tile,
} from '../../../shaders/matmul/matmul.ts';
import type { Samples } from './samples.ts';

export const workgroupSizes = [4, 8, 16, 64] as const;

export type DrawTile = () => Tile;

/** Tiles of one main loop that software adapters compile quickly. @param workgroupSize default: any */
export function drawTile(draw: Samples, loop: Tile['loop'], workgroupSize?: number): DrawTile {
  return () => {
    for (;;) {
      const tile = drawAny(draw, loop, workgroupSize);
      if (workgroupVec4s(tile) <= maxWorkgroupVec4s) return tile;
    }
  };
}

function drawAny(draw: Samples, loop: Tile['loop'], given: number | undefined): Tile {
  const shape = { rows4: draw.pick([1, 1, 2, 3]), columns4: draw.pick([1, 1, 2]) };
  if (loop !== 'tiled' && loop !== 'splitK') {
    // Swapped tiles need multiples of 4.
    const rows4 = softwareLoops.includes(loop) ? draw.pick([4, 4, 8]) : shape.rows4;
    return { loop, ...shape, rows4, workgroupSize: given ?? draw.pick(workgroupSizes) };
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
