/** How the steps of a small network are cut up for one workgroup; see `shaders/persistent.ts`. */
import {
  stepsPerDispatch,
  type PersistentShape,
  type PersistentTiles,
} from '../../../shaders/persistent.ts';
import type { Tile } from '../../../shaders/tile.ts';
import { quads } from '../../../shaders/wgsl.ts';
import { LimitError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { PlanAdapter } from './plan.ts';
import { compilesAhead } from '../software/adapters.ts';

export interface PersistentPlan extends PersistentShape {
  /** Steps a dispatch makes at most. */
  readonly mostSteps: number;
}

/** Accumulators of an invocation, at most, in vec4f: more no register file holds. */
const mostSums = 16;

/**
 * The same of a sweep's largest layers on llvmpipe, where a load costs as much as some twenty multiply-adds, and sums
 * that are spilled to memory less than the loads they spare: a fifth faster. Compiling takes a third longer, which
 * many networks make up for and a few do not (bench/NOTES.md).
 */
const mostSumsOfMany = 32;
const manyNetworks = 16;

/**
 * Chooses workgroup and tiles by counting what the invocation that does most has to do. No result depends on tiles:
 * every sum is added up in one order.
 *
 * Where the adapter computes on the CPU, a workgroup is one thread's work, a few lanes wide, and a load costs as much as
 * many additions; a GPU hides loads behind other invocations.
 * @param count networks that are trained at once
 * @throws {LimitError} for a network whose single step is more than one workgroup does in a dispatch
 */
export function choosePersistentPlan(
  network: Pick<Network, 'layers' | 'activation' | 'output' | 'cost'>,
  batchSize: number,
  adapter: PlanAdapter,
  count: number,
): PersistentPlan {
  const { layers, activation, output, cost } = network;
  const { isSoftware } = adapter;
  const isMany = isSoftware && !compilesAhead(adapter) && count >= manyNetworks;
  const workgroupSize = isMany ? 8 : isSoftware ? 16 : 256;
  const loadCost = isSoftware ? 8 : 1;
  /** Of a tile whose `jobs` each load so many scalars and make so many vec4f sums grow by four terms. */
  const time = (jobs: number, loads: number, sums: number) =>
    Math.ceil(jobs / workgroupSize) * (loadCost * loads + 16 * sums);

  const weights = layers.slice(1).map((outputs, l) => layers[l]! * outputs);
  /** Small layers have small tiles, which cost little there, and most of a shader's compilation otherwise. */
  const sumsOf = (l: number) => {
    const share = weights[l]! / Math.max(...weights);
    if (isMany && share > 0.5) return mostSumsOfMany;
    return Math.max(2, Math.round(mostSums * Math.sqrt(share)));
  };

  const tiles: PersistentTiles = {
    forward: layers.slice(1).map((outputs, l) => {
      const columns = quads(outputs);
      return best(
        tilesOf(batchSize, columns, false).filter((tile) => tile.rows * tile.quads <= sumsOf(l)),
        // Four features of a sample are one word of the dataset, and four floats anywhere else.
        (tile) =>
          time(
            Math.ceil(batchSize / tile.rows) * (columns / tile.quads),
            (l === 0 ? 1 : 4) * tile.rows + 16 * tile.quads,
            tile.rows * tile.quads,
          ),
      );
    }),
    hiddenDelta: layers.slice(0, -1).map((inputs, l) =>
      best(
        // Four sums a sample: one for each of the four neurons.
        tilesOf(batchSize, 1, false).filter(({ rows }) => rows === 1 || 4 * rows <= sumsOf(l)),
        ({ rows }) => time(Math.ceil(batchSize / rows) * quads(inputs), 4 * rows + 16, rows),
      ),
    ),
    update: layers.slice(1).map((outputs, l) => {
      const [inputQuads, columns] = [quads(layers[l]!), quads(outputs)];
      return best(
        // Four sums a quad of inputs and outputs; their operands are so few that registers hold twice as many.
        tilesOf(inputQuads, columns, true).filter(
          (tile) => 4 * tile.rows * tile.quads <= 2 * sumsOf(l),
        ),
        (tile) =>
          time(
            (inputQuads / tile.rows + 1) * (columns / tile.quads),
            1 + (l === 0 ? 1 : 4) * tile.rows + 4 * tile.quads,
            tile.rows * tile.quads,
          ),
      );
    }),
  };
  const shape = { layers, activation, output, cost, batchSize, tiles, workgroupSize };
  const mostSteps = stepsPerDispatch(shape);
  if (mostSteps === 0) {
    throw new LimitError(
      `One step of a network ${layers.join('-')} with mini-batches of ${batchSize} is more than one workgroup can do in a dispatch. ` +
        'Use smaller layers or mini-batches, or train one network after another with Trainer.',
    );
  }
  return { ...shape, mostSteps };
}

/** Tiles of `rows` × `columns` quads; those that divide `rows`, where a tile may not reach over the edge. */
function tilesOf(rows: number, columns: number, divides: boolean): Tile[] {
  const heights = [1, 2, 4, 7, 8, 13, 16].filter((height) => !divides || rows % height === 0);
  const widths = [1, 2, 4].filter((width) => columns % width === 0);
  return heights.flatMap((height) => widths.map((width) => ({ rows: height, quads: width })));
}

function best(tiles: readonly Tile[], time: (tile: Tile) => number): Tile {
  return tiles.reduce((found, tile) => (time(tile) < time(found) ? tile : found));
}

/** The plan in a line, for reports. */
export function describePersistentPlan({
  tiles,
  workgroupSize,
  mostSteps,
}: PersistentPlan): string {
  const list = (some: readonly Tile[]) => some.map((tile) => `${tile.rows}×${4 * tile.quads}`);
  return (
    `a workgroup of ${workgroupSize} a network, ${mostSteps} steps a dispatch; ` +
    `forward ${list(tiles.forward).join(', ')}; update of 4× ${list(tiles.update).join(', ')}`
  );
}
