/**
 * A plan: how one training step is cut into kernels and tiles. Pure data, chosen from the network, the mini-batch
 * and the adapter; printable; and part of what reproducibility means, since another tile adds in another order.
 */
import { fusedIterations } from '../../shaders/fused.ts';
import { mostTexels, mostTextures } from '../../shaders/texture.ts';
import type { Lanes, Tile } from '../../shaders/tile.ts';
import { quads } from '../../shaders/wgsl.ts';
import type { Network } from '../network/network.ts';
import { countParameters } from '../network/parameters.ts';
import type { AdapterDescription } from './adapter.ts';
import { gpuPlan } from './gpuPlan.ts';

export interface LayerPlan {
  readonly forward: Tile;
  /** Delta of the layer's inputs; unused for the first layer, whose inputs are data. */
  readonly hiddenDelta: Tile;
  /** `rows` counts quads of inputs. */
  readonly update: Tile;
}

export interface Plan {
  readonly batchSize: number;
  /** Rows of the mini-batch buffers: `batchSize` rounded up to whole tiles. */
  readonly rows: number;
  readonly layers: readonly LayerPlan[];
  /** Of every kernel. */
  readonly lanes: Lanes;
  /**
   * The layer from which on forward and back are one dispatch, in which an invocation takes `rows` samples, or a
   * workgroup of `workgroupSize` invocations together.
   */
  readonly fused?: {
    readonly from: number;
    readonly rows: number;
    readonly workgroupSize?: number;
    /** The shortest code, in which an invocation takes one sample; see `Tile.isPlain`. */
    readonly isPlain?: boolean;
  };
  /** Steps of the first submit; later ones follow the clock, which changes no result. */
  readonly stepsPerSubmit: number;
}

/** What of an adapter its plans depend on. */
export type PlanAdapter = Pick<AdapterDescription, 'isSoftware' | 'subgroupSize'>;

/**
 * Chooses the plan of a network's training step, or of its evaluation (which uses the forward tiles alone).
 *
 * A software adapter keeps all cores busy with a few dozen invocations, and reuse is everything; a GPU needs
 * thousands to hide the latency of its memory.
 */
export function choosePlan(
  network: Pick<Network, 'layers'>,
  batchSize: number,
  adapter: PlanAdapter,
): Plan {
  const { layers: sizes } = network;
  const kind = kindOf(adapter);
  const { layers, lanes, fused } =
    kind === 'gpu' ? gpuPlan(sizes, batchSize) : softwarePlan(sizes, batchSize, kinds[kind]);
  const tallest = Math.max(
    fused?.rows ?? 1,
    ...layers.flatMap(({ forward, hiddenDelta }) => [forward.rows, hiddenDelta.rows]),
  );
  return {
    batchSize,
    rows: Math.ceil(batchSize / tallest) * tallest,
    layers,
    lanes,
    ...(fused && { fused }),
    stepsPerSubmit: Math.max(
      1,
      Math.floor(firstSubmitOperations / stepOperations(sizes, batchSize)),
    ),
  };
}

function softwarePlan(
  sizes: readonly number[],
  batchSize: number,
  kindPlan: KindPlan,
): Pick<Plan, 'layers' | 'lanes' | 'fused'> {
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

/** Layers whose weight gradients one kernel reads two textures each for. */
export const mostTexturedLayers = mostTextures / 2;

/** Whether the matrices of a layer are no larger than textures may be. @param rows of the mini-batch buffers */
export function fitsTextures(inputs: number, outputs: number, rows: number): boolean {
  return Math.max(4 * quads(inputs), quads(outputs), rows) <= mostTexels;
}

/**
 * Loop iterations that llvmpipe makes of an invocation in a dispatch before it ends all its loops for good, and says
 * nothing; fewer some for the loops that nobody counts.
 */
export const mostLoopIterations = 65_535 - 1024;

/** The kinds of adapter that want different plans. */
type Kind = 'gpu' | 'software' | 'broadcasting';

function kindOf({ isSoftware, subgroupSize }: PlanAdapter): Kind {
  if (!isSoftware) return 'gpu';
  return subgroupSize === 4 ? 'broadcasting' : 'software';
}

/** Whether pipelines are compiled when they are made, as SwiftShader's are, and lavapipe's at the first dispatch. */
export function compilesAhead(adapter: PlanAdapter): boolean {
  return kindOf(adapter) === 'broadcasting';
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

const kinds: Readonly<Record<Exclude<Kind, 'gpu'>, KindPlan>> = {
  software: {
    // Small workgroups spread evenly over the cores; lavapipe computes eight invocations at a time.
    lanes: { workgroupSize: 8, broadcast: 0 },
    wanted: 24,
    leastTextured: Infinity,
    tiles: {
      forward: [
        tile(16, 2),
        tile(8, 2),
        tile(4, 4),
        tile(4, 2),
        tile(4, 1),
        tile(2, 1),
        tile(1, 1),
      ],
      update: [tile(2, 2), tile(1, 4), tile(1, 2), tile(1, 1)],
    },
  },
  broadcasting: {
    // SwiftShader computes four invocations at a time, a subgroup; tiles are whole subgroups high.
    lanes: { workgroupSize: 4, broadcast: 4 },
    wanted: 24,
    leastTextured: 4e6,
    tiles: {
      forward: [tile(32, 2), tile(16, 2), tile(8, 2), tile(16, 1), tile(8, 1), tile(4, 1)],
      update: [tile(8, 2), tile(4, 2), tile(4, 1)],
    },
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

/** Work of the first submit, before anything is known of the adapter: 40 ms on one that does 1 GFLOP/s. */
const firstSubmitOperations = 4e7;

/** Floating-point operations of a step, about: forward, back and gradient take two a weight and sample each. */
export function stepOperations(sizes: readonly number[], batchSize: number): number {
  return 6 * batchSize * countParameters(sizes);
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

/** The plan in one line a layer, for reports. */
export function describePlan(plan: Plan): string {
  const text = ({ rows, quads: q, shared, fromTextures }: Tile) =>
    `${rows}×${4 * q}${shared && shared.slices > 1 ? ` in ${shared.slices} slices` : ''}${shared?.depth ? `, staged by ${shared.depth}` : ''}${fromTextures ? ' from textures' : ''}`;
  const split = plan.fused?.from ?? plan.layers.length;
  const layers = plan.layers
    .map(({ forward, hiddenDelta, update }, l) => {
      const parts = [
        ...(l < split ? [`forward ${text(forward)}`] : []),
        ...(l > 0 && l < split ? [`hidden delta ${text(hiddenDelta)}`] : []),
        `update ${text({ ...update, rows: 4 * update.rows })}`,
      ];
      return `layer ${l}: ${parts.join(', ')}`;
    })
    .join('; ');
  const { workgroupSize, broadcast } = plan.lanes;
  return (
    `workgroups of ${workgroupSize}${broadcast > 0 ? `, subgroups of ${broadcast} share loads` : ''}; ` +
    (plan.fused
      ? `layers from ${plan.fused.from} on forward and back in one dispatch, ${describeShare(plan.fused)}; `
      : '') +
    layers
  );
}

/** Who takes how many samples through fused layers: '4 samples an invocation'. */
export function describeShare({
  rows,
  workgroupSize,
  isPlain,
}: NonNullable<Plan['fused']>): string {
  const who = workgroupSize === undefined ? 'an invocation' : `a workgroup of ${workgroupSize}`;
  return `${rows} ${rows === 1 ? 'sample' : 'samples'} ${who}${isPlain === true ? ', plain' : ''}`;
}
