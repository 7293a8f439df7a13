/** Divides the steps of a small network for one workgroup; see `shaders/persistent.ts`. */
import type { PersistentShape, PersistentTiles } from '../../../shaders/persistent.ts';
import type { TileShape } from '../../../shaders/matmul/product.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { LimitError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import { compilesAtDispatch } from '../adapter.ts';
import type { PlanAdapter } from './plan.ts';

export interface PersistentPlan extends PersistentShape {
  /** Maximum steps per dispatch. */
  readonly maxSteps: number;
}

/** Maximum blocks of 4 × 4 sums per invocation; registers hold no more. */
const maxBlocks = 4;

/**
 * The same limit for the largest layers of a sweep on llvmpipe, which makes training a fifth faster. There, a load
 * costs about as much as twenty multiply-adds, and spilling sums to memory costs less than the loads it saves.
 * Compilation takes a third longer, which pays off only for many networks (bench/NOTES.md).
 */
const maxBlocksOfMany = 8;
const manyNetworks = 16;

/** Maximum layers of weights. All are in one kernel, and SwiftShader compiles 33 in half a minute, 51 in a minute. */
const maxLayers = 32;

/**
 * Chooses workgroup size and tiles by estimating the work of the busiest invocation. Results do not depend on the
 * tiles, because the order within every sum is fixed.
 *
 * On adapters that compute on the CPU, one thread runs a workgroup a few lanes at a time, and a load costs as much as
 * many additions. A GPU hides loads behind other invocations.
 * @param count networks that are trained at once
 * @throws {LimitError} if the network has too many layers for one kernel, or a single step is too long for one
 *   workgroup in one dispatch
 */
export function choosePersistentPlan(
  { layers }: Pick<Network, 'layers'>,
  batchSize: number,
  adapter: PlanAdapter,
  count: number,
): PersistentPlan {
  if (layers.length - 1 > maxLayers) {
    throw new LimitError(
      `A sweep computes all layers of a network in one kernel, which can have at most ${maxLayers} layers of weights; got ${layers.length - 1}. ` +
        'Use fewer layers, or train one network after another with Trainer.',
    );
  }
  const { isSoftware } = adapter;
  const isMany = compilesAtDispatch(adapter) && count >= manyNetworks;
  const workgroupSize = isMany ? 8 : isSoftware ? 16 : 256;
  const loadCost = isSoftware ? 8 : 1;
  const batch4 = vec4s(batchSize);
  const weights = layers.slice(1).map((outputs, l) => layers[l]! * outputs);
  const largest = Math.max(...weights);

  /** Returns the tile for a product of `rows4` × `columns4` blocks. */
  const tile = (l: number, rows4: number, columns4: number): TileShape => {
    const share = weights[l]! / largest;
    // Small layers get small tiles. Large ones would save little there but dominate the compilation time of the shader.
    const max = isMany && share > 0.5 ? maxBlocksOfMany : Math.max(1, maxBlocks * Math.sqrt(share));
    /** Estimated cost of one step along the sums: loads plus products. */
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
      `One step of a network ${layers.join('-')} with mini-batches of ${batchSize} is too long for one workgroup in one dispatch. ` +
        'Use smaller layers or mini-batches, or train one network after another with Trainer.',
    );
  }
  return { ...shape, maxSteps };
}

/**
 * Maximum loop iterations for the cost and the delta of one sample: three passes over the vec4s of outputs, a fourth by
 * the caller, and one over the outputs; see `shaders/cost.ts`.
 */
export const costIterations = (outputs: number): number => 8 * vec4s(outputs);

/**
 * Loop iterations of one invocation per step. llvmpipe silently ends all loops of an invocation after 65,535 iterations
 * in a dispatch, so every dispatch must stay below that.
 */
function iterationsPerStep({ layers, batchSize, tiles, workgroupSize }: PersistentShape): number {
  const batch4 = vec4s(batchSize);
  const turns = (jobs: number) => Math.ceil(jobs / workgroupSize);
  const walk = (rows4: number, columns4: number, k4: number, tile: TileShape) =>
    turns(Math.ceil(rows4 / tile.rows4) * Math.ceil(columns4 / tile.columns4)) *
    (2 + k4 + 4 * tile.rows4 * tile.columns4);
  let iterations = turns(4 * batch4) * (1 + costIterations(layers.at(-1)!));
  for (let l = 0; l < layers.length - 1; l++) {
    const [inputs4, outputs4] = [vec4s(layers[l]!), vec4s(layers[l + 1]!)];
    iterations += walk(batch4, outputs4, inputs4, tiles.forward[l]!);
    if (l > 0) iterations += walk(batch4, inputs4, outputs4, tiles.hiddenDelta[l]!);
    iterations += walk(inputs4 + 1, outputs4, batch4, tiles.update[l]!);
  }
  return iterations;
}

/** Maximum iterations per dispatch, with a margin for loops that a compiler adds. */
const maxIterations = 60_000;

/** Steps that fit into one dispatch; 0 if even one is too long. */
export function stepsPerDispatch(shape: PersistentShape): number {
  return Math.min(64, Math.floor(maxIterations / iterationsPerStep(shape)));
}

/** Describes the plan in one line, for reports. */
export function describePersistentPlan({ tiles, workgroupSize, maxSteps }: PersistentPlan): string {
  const list = (some: readonly TileShape[]) =>
    some.map((tile) => `${4 * tile.rows4}×${4 * tile.columns4}`).join(', ');
  return (
    `a workgroup of ${workgroupSize} a network, ${maxSteps} steps a dispatch; ` +
    `forward ${list(tiles.forward)}; update of ${list(tiles.update)}`
  );
}
