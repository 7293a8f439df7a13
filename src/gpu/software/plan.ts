/**
 * Divides a step for adapters that compute on the CPU. A few dozen invocations keep all cores busy, so speed depends on
 * how often each loaded value is reused.
 */
import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { compilesAtDispatch } from '../adapter.ts';
import { maxLayersPerKernel, type LayerPlan, type Plan, type PlanAdapter } from '../plan/plan.ts';
import { fusedIterations, maxLoopIterations } from './loops.ts';
import { fitsTextures, maxTexturedLayers } from './swaps.ts';

/** Tile of an invocation, in blocks of 4 × 4. */
type Shape = readonly [rows4: number, columns4: number];

interface Kind {
  readonly workgroupSize: number;
  /** Invocations side by side that share the same rows. */
  readonly across: number;
  /** Tiles of products and of updates, sorted from most to least reuse of loaded values. */
  readonly tiles: readonly Shape[];
  readonly updates: readonly Shape[];
  /**
   * Products with fewer multiply-adds do not read textures, because copying the operands would cost more than it saves.
   */
  readonly minTextured: number;
}

/** SwiftShader computes four invocations at a time, a subgroup. They exchange loaded values. */
const swiftShader: Kind = {
  workgroupSize: 4,
  across: 4,
  tiles: [
    [8, 2],
    [4, 2],
    [4, 1],
  ],
  updates: [
    [4, 4],
    [4, 2],
    [4, 1],
  ],
  minTextured: 4e6,
};

/** lavapipe computes eight invocations at a time. Small workgroups spread evenly over the cores. */
const llvmpipe: Kind = {
  workgroupSize: 8,
  across: 1,
  tiles: [
    [4, 2],
    [2, 2],
    [2, 1],
    [1, 1],
  ],
  updates: [
    [2, 2],
    [1, 2],
    [1, 1],
  ],
  minTextured: Infinity,
};

/** Tiles that would leave fewer invocations are skipped in favour of smaller ones. */
const minInvocations = 24;

export function softwarePlan(
  sizes: readonly number[],
  batchSize: number,
  adapter: PlanAdapter,
): Pick<Plan, 'layers' | 'fused'> {
  const kind = compilesAtDispatch(adapter) ? llvmpipe : swiftShader;
  const { workgroupSize } = kind;
  const batch4 = vec4s(batchSize);
  const weights4 = sizes.slice(1).map((outputs, l) => vec4s(sizes[l]!) * vec4s(outputs));
  const largestLayer = Math.max(...weights4);
  const layers = sizes.slice(1).map((outputs, l): LayerPlan => {
    const [inputs4, outputs4] = [vec4s(sizes[l]!), vec4s(outputs)];
    const fromTextures =
      l < maxTexturedLayers &&
      fitsTextures(sizes[l]!, outputs, batchSize) &&
      isCopiedAtOnce(sizes, l) &&
      batchSize * sizes[l]! * outputs >= kind.minTextured;
    const tile = (among: readonly Shape[], rows: number, columns: number): Tile => {
      const [rows4, columns4] = largest(among, rows, columns, kind.across);
      const loop = kind.across === 1 ? 'simple' : fromTextures ? 'textured' : 'swapped';
      return { loop, rows4, columns4, workgroupSize };
    };
    return {
      forward: tile(kind.tiles, batch4, outputs4),
      hiddenDelta: tile(kind.tiles, batch4, inputs4),
      // Compiling a larger tile for the update of a small layer takes longer than it can save.
      update:
        weights4[l]! < largestLayer / 32
          ? { loop: 'simple', rows4: 1, columns4: 1, workgroupSize }
          : tile(kind.updates, inputs4, outputs4),
    };
  });
  const fused = { from: fusedFrom(sizes), loop: 'simple', rows4: 1, workgroupSize } as const;
  // With very many outputs, an invocation cannot process them in one dispatch.
  const isTooLong =
    compilesAtDispatch(adapter) && fusedIterations(sizes, fused) > maxLoopIterations;
  return { layers, ...(!isTooLong && { fused }) };
}

/**
 * Whether each matrix of a layer is copied to its texture by one command: its rows have a multiple of 64 numbers. The
 * inputs of the first layer stay in a buffer.
 */
function isCopiedAtOnce(sizes: readonly number[], layer: number): boolean {
  return sizes.slice(Math.max(1, layer), layer + 2).every((width) => width % 64 === 0);
}

/**
 * Returns the first of the last layers that are small enough for one invocation to process a sample through all of
 * them.
 */
function fusedFrom(sizes: readonly number[]): number {
  const last = sizes.length - 2;
  let from = last;
  while (
    from > 0 &&
    last + 1 - from < maxLayersPerKernel &&
    sizes[from]! * sizes[from + 1]! <= 4096 &&
    sizes[from - 1]! * sizes[from]! <= 4096
  )
    from--;
  return from;
}

/**
 * Returns the tile with the most reuse that leaves enough invocations and wastes little work on padding; otherwise the
 * smallest tile.
 */
function largest(tiles: readonly Shape[], rows: number, columns: number, across: number): Shape {
  const isWhole = (count: number, by: number) => Math.ceil(count / by) * by <= 1.1 * count;
  const found = tiles.find(
    ([rows4, columns4]) =>
      isWhole(columns, columns4 * across) &&
      isWhole(rows, rows4) &&
      Math.ceil(rows / rows4) * Math.ceil(columns / columns4) >= minInvocations,
  );
  return found ?? tiles.at(-1)!;
}
