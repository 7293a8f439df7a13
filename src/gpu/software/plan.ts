/** How a step is cut up for adapters that compute on the CPU. */
import { fusedIterations } from '../../../shaders/fused.ts';
import type { Lanes, Tile } from '../../../shaders/tile.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { LayerPlan, Plan, PlanAdapter } from '../plan/plan.ts';
import { compilesAhead } from './adapters.ts';
import { mostLoopIterations } from './loops.ts';
import { fitsTextures, mostTexturedLayers } from './textures.ts';

/**
 * How a step is cut up for an adapter that computes on the CPU: a few dozen invocations keep all cores busy, and what
 * counts is how often a value that was loaded is used.
 */
export function softwarePlan(
  sizes: readonly number[],
  batchSize: number,
  adapter: PlanAdapter,
): Pick<Plan, 'layers' | 'lanes' | 'fused'> {
  const kindPlan = compilesAhead(adapter) ? swiftShader : llvmpipe;
  const { lanes, tiles } = kindPlan;
  const weightQuads = sizes.slice(1).map((outputs, l) => quads(sizes[l]!) * quads(outputs));
  const largestLayer = Math.max(...weightQuads);
  const layers = sizes.slice(1).map((outputs, l): LayerPlan => {
    const inputQuads = quads(sizes[l]!);
    const isSmall = weightQuads[l]! < largestLayer / 32;
    const fromTextures =
      l < mostTexturedLayers &&
      fitsTextures(sizes[l]!, outputs, batchSize) &&
      batchSize * sizes[l]! * outputs >= kindPlan.leastTextured;
    const chosen = (among: readonly Tile[], rows: number, columns: number): Tile => {
      const tile = largest(among, rows, columns, kindPlan);
      return fromTextures ? { ...tile, fromTextures } : tile;
    };
    return {
      forward: chosen(tiles.forward, batchSize, quads(outputs)),
      hiddenDelta: chosen(tiles.forward, batchSize, inputQuads),
      update: isSmall
        ? { rows: 1, quads: 1, isPlain: true }
        : chosen(
            fromTextures ? [...texturedUpdates, ...tiles.update] : tiles.update,
            inputQuads,
            quads(outputs),
          ),
    };
  });
  const fused = { from: fusedFrom(sizes), rows: 4 };
  // So many outputs that an invocation does not get through them in a dispatch.
  const isTooLong = !lanes.broadcast && fusedIterations(sizes, fused) > mostLoopIterations;
  return { layers, lanes, ...(!isTooLong && { fused }) };
}

interface KindPlan {
  readonly lanes: Lanes;
  /** Tiles that leave fewer invocations than this are passed over for smaller ones. */
  readonly wanted: number;
  /** Products of fewer multiply-adds than this read no textures: copying operands would take what it saves. */
  readonly leastTextured: number;
  /**
   * From most to least reuse of what is loaded. Above 16 vec4f sums an invocation, registers run out; where a load costs
   * more than what then goes to memory, as in SwiftShader, 64 are faster.
   */
  readonly tiles: { readonly forward: readonly Tile[]; readonly update: readonly Tile[] };
}

const tile = (rows: number, q: number): Tile => ({ rows, quads: q });

/** Of updates that read textures, before all others: SwiftShader makes a tenth more of as many sums in a square. */
const texturedUpdates: readonly Tile[] = [tile(4, 4)];

const llvmpipe: KindPlan = {
  // Small workgroups spread evenly over the cores; lavapipe computes eight invocations at a time.
  lanes: { workgroupSize: 8, broadcast: 0 },
  wanted: 24,
  leastTextured: Infinity,
  tiles: {
    forward: [tile(16, 2), tile(8, 2), tile(4, 4), tile(4, 2), tile(4, 1), tile(2, 1), tile(1, 1)],
    update: [tile(2, 2), tile(1, 4), tile(1, 2), tile(1, 1)],
  },
};

const swiftShader: KindPlan = {
  // SwiftShader computes four invocations at a time, a subgroup; tiles are whole subgroups high.
  lanes: { workgroupSize: 4, broadcast: 4 },
  wanted: 24,
  leastTextured: 4e6,
  tiles: {
    forward: [tile(32, 2), tile(16, 2), tile(8, 2), tile(16, 1), tile(8, 1), tile(4, 1)],
    update: [tile(8, 2), tile(4, 2), tile(4, 1)],
  },
};

/** The last hidden layers that are small enough for one invocation to take a sample through all of them. */
function fusedFrom(sizes: readonly number[]): number {
  const last = sizes.length - 2;
  let from = last;
  while (
    from > 0 &&
    sizes[from]! * sizes[from + 1]! <= 4096 &&
    sizes[from - 1]! * sizes[from]! <= 4096
  )
    from--;
  return from;
}

/**
 * The tile with most reuse that leaves `wanted` invocations and computes little for nothing; the smallest if none does.
 */
function largest(
  tiles: readonly Tile[],
  rows: number,
  columns: number,
  { wanted, lanes }: KindPlan,
): Tile {
  const across = Math.max(1, lanes.broadcast);
  const whole = (count: number, by: number) => Math.ceil(count / by) * by;
  // Rows that fill up a tile cost every kernel of the step, and the update gains nothing by them.
  const isTooTall = (t: Tile) =>
    lanes.broadcast > 0 && whole(rows, t.rows) > 1.1 * whole(rows, t.rows / 2);
  const fitting = tiles.filter(
    (t) => whole(columns, t.quads * across) <= 1.1 * columns && !isTooTall(t),
  );
  return (
    fitting.find((t) => Math.ceil(rows / t.rows) * Math.ceil(columns / t.quads) >= wanted) ??
    tiles.at(-1)!
  );
}
