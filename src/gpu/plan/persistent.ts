/** How the steps of a small network are cut up for one workgroup; see `shaders/persistent.ts`. */
import {
  stepsPerDispatch,
  type PersistentShape,
  type PersistentTiles,
} from '../../../shaders/persistent.ts';
import type { TileShape } from '../../../shaders/matmul/product.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { LimitError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import { compilesAhead } from '../software/adapters.ts';
import type { PlanAdapter } from './plan.ts';

export interface PersistentPlan extends PersistentShape {
  /** Steps a dispatch makes at most. */
  readonly maxSteps: number;
}

/** Blocks of 4 × 4 sums that an invocation keeps at most: more no register file holds. */
const maxBlocks = 4;

/**
 * The same of a sweep's largest layers on llvmpipe, where a load costs as much as some twenty multiply-adds, and sums
 * that are spilled to memory less than the loads they spare: a fifth faster. Compiling takes a third longer, which
 * many networks make up for and a few do not (bench/NOTES.md).
 */
const maxBlocksOfMany = 8;
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
  { layers }: Pick<Network, 'layers'>,
  batchSize: number,
  adapter: PlanAdapter,
  count: number,
): PersistentPlan {
  const { isSoftware } = adapter;
  const isMany = isSoftware && !compilesAhead(adapter) && count >= manyNetworks;
  const workgroupSize = isMany ? 8 : isSoftware ? 16 : 256;
  const loadCost = isSoftware ? 8 : 1;
  const batch4 = vec4s(batchSize);
  const weights = layers.slice(1).map((outputs, l) => layers[l]! * outputs);
  const largest = Math.max(...weights);

  /** Of a product whose blocks are `rows4` × `columns4`. */
  const tile = (l: number, rows4: number, columns4: number): TileShape => {
    const share = weights[l]! / largest;
    // Small layers have small tiles, which cost little there, and most of a shader's compilation otherwise.
    const max = isMany && share > 0.5 ? maxBlocksOfMany : Math.max(1, maxBlocks * Math.sqrt(share));
    /** Of a tile's step along the sums: its loads, and its products. */
    const time = (one: TileShape) => {
      const jobs = Math.ceil(rows4 / one.rows4) * Math.ceil(columns4 / one.columns4);
      const blocks = one.rows4 * one.columns4;
      return (
        Math.ceil(jobs / workgroupSize) * (16 * loadCost * (one.rows4 + one.columns4) + 64 * blocks)
      );
    };
    return [1, 2, 3, 4]
      .flatMap((r) => [1, 2, 4].map((c) => ({ rows4: r, columns4: c })))
      .filter((one) => one.rows4 * one.columns4 <= max && columns4 % one.columns4 === 0)
      .reduce((found, one) => (time(one) < time(found) ? one : found));
  };

  const of = (make: (l: number, inputs4: number, outputs4: number) => TileShape) =>
    layers.slice(1).map((outputs, l) => make(l, vec4s(layers[l]!), vec4s(outputs)));
  const tiles: PersistentTiles = {
    forward: of((l, _, outputs4) => tile(l, batch4, outputs4)),
    hiddenDelta: of((l, inputs4) => tile(l, batch4, inputs4)),
    update: of((l, inputs4, outputs4) => tile(l, inputs4 + 1, outputs4)),
  };
  const shape = { layers, batchSize, tiles, workgroupSize };
  const maxSteps = stepsPerDispatch(shape);
  if (maxSteps === 0) {
    throw new LimitError(
      `One step of a network ${layers.join('-')} with mini-batches of ${batchSize} is more than one workgroup can do in a dispatch. ` +
        'Use smaller layers or mini-batches, or train one network after another with Trainer.',
    );
  }
  return { ...shape, maxSteps };
}

/** The plan in a line, for reports. */
export function describePersistentPlan({ tiles, workgroupSize, maxSteps }: PersistentPlan): string {
  const list = (some: readonly TileShape[]) =>
    some.map((tile) => `${4 * tile.rows4}×${4 * tile.columns4}`).join(', ');
  return (
    `a workgroup of ${workgroupSize} a network, ${maxSteps} steps a dispatch; ` +
    `forward ${list(tiles.forward)}; update of ${list(tiles.update)}`
  );
}
