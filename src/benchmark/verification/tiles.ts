/** Draws the ways in which a kernel's work is cut up, all that an adapter can run. */
import type { Lanes, Tile } from '../../../shaders/tile.ts';
import type { Samples } from './samples.ts';

const tileRows = [1, 2, 4, 8] as const;
const tileQuads = [1, 2, 3, 4] as const;
export const workgroupSizes = [4, 8, 16, 64] as const;

/** A tile, and what all invocations of its dispatch have in common. */
export interface Cut {
  readonly tile: Tile;
  readonly lanes: Lanes;
}

/** Draws a cut. @param rowsOf vec4f of the left operand a row of the tile is: 4 rows of sums where they are inputs */
export type DrawCut = (rowsOf?: 1 | 4) => Cut;

/** Every way of working alone, and in subgroups where the adapter has them in one size. */
export function drawAlone(draw: Samples, subgroupSize: number): DrawCut {
  return (rowsOf = 1) => {
    const workgroupSize = draw.pick(workgroupSizes);
    const canShare = subgroupSize > 0 && workgroupSize % subgroupSize === 0;
    const broadcast = canShare ? draw.pick([0, subgroupSize]) : 0;
    // Whole subgroups high where these share loads, and within what compiles in a moment.
    const alone = rowsOf === 4 ? draw.pick([1, 2, 3]) : draw.pick(tileRows);
    const shared = rowsOf === 4 ? broadcast : broadcast * draw.pick([1, 2]);
    const tile = { rows: broadcast > 0 ? shared : alone, quads: draw.pick(tileQuads) };
    return { tile, lanes: { workgroupSize, broadcast } };
  };
}

/** The same ways, with operands from textures. */
export function drawTextured(draw: Samples, subgroupSize: number): DrawCut {
  const drawCut = drawAlone(draw, subgroupSize);
  return (rowsOf) => {
    const { tile, lanes } = drawCut(rowsOf);
    return { tile: { ...tile, fromTextures: true }, lanes };
  };
}

/** WebGPU's default limit of workgroup memory, in quads. */
const mostQuads = 1024;

/** Loads of an invocation a stage, and its sums: lines of the shader, which software adapters compile slowly. */
const mostLoads = 6;
const mostSums = 8;

/** Every way in which a workgroup works together: staged, sliced and both, narrow and wide, in many sizes. */
export function drawShared(draw: Samples, workgroupSize?: number): DrawCut {
  return (rowsOf = 1) => {
    for (;;) {
      const size = workgroupSize ?? draw.pick([16, 32, 64]);
      const slices = draw.pick([1, 2, 4, 8]);
      const across = draw.pick([1, 2, 4, 8, 16]);
      const depth = draw.pick([0, 8, 16, 32]);
      const rows = rowsOf === 4 ? draw.pick([1, 2]) : draw.pick([1, 2, 4]);
      const quads = draw.pick([1, 2]);
      const ahead = draw.pick([true, false]);
      const down = size / (across * slices);
      if (!Number.isInteger(down) || depth % (4 * slices) !== 0) continue;
      if (slices === 1 && depth === 0) continue;
      const block = down * rows * rowsOf + 4 * (across * quads + 1);
      const forSlices = slices > 1 ? size * rows * rowsOf * quads : 0;
      if (Math.max((block * depth) / 4, forSlices) > mostQuads) continue;
      if ((block * depth) / 4 > mostLoads * size || rows * rowsOf * quads > mostSums) continue;
      const shared = { workgroupSize: size, across, slices, depth, ahead };
      return {
        tile: { rows, quads, shared },
        lanes: { workgroupSize: size, broadcast: 0 },
      };
    }
  };
}

/** 'tile 4×8, 4 of 16 lanes', 'tile 4×8 from textures, 16 lanes', 'tile 4×4, 64 lanes 8 across in 2 slices, 16 staged ahead' */
export function cutText(
  { rows, quads, shared, fromTextures }: Tile,
  { workgroupSize, broadcast }: Lanes,
): string {
  const tile = `tile ${rows}×${4 * quads}${fromTextures ? ' from textures' : ''}, `;
  if (!shared) return `${tile}${broadcast > 0 ? `${broadcast} of ` : ''}${workgroupSize} lanes`;
  const { across, slices, depth, ahead } = shared;
  const staged = depth > 0 ? `, ${depth} staged${ahead ? ' ahead' : ''}` : '';
  return `${tile}${workgroupSize} lanes ${across} across in ${slices} slices${staged}`;
}
