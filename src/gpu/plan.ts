/**
 * A plan: how one training step is cut into kernels and tiles. Pure data, chosen from the network, the mini-batch
 * and the adapter; printable; and part of what reproducibility means, since another tile adds in another order.
 */
import { quads } from '../../shaders/wgsl.ts';
import type { Network } from '../network/network.ts';
import { countParameters } from '../network/parameters.ts';

/** What one invocation computes: `rows` samples × `quads` × 4 neurons, all in registers. */
export interface Tile {
  readonly rows: number;
  readonly quads: number;
}

export interface LayerPlan {
  readonly forward: Tile;
  /** Delta of the layer's inputs; unused for the first layer, whose inputs are data. `quads` is 1. */
  readonly hiddenDelta: Tile;
  /** `rows` counts quads of inputs, and is 1. */
  readonly update: Tile;
}

export interface Plan {
  readonly batchSize: number;
  /** Rows of the mini-batch buffers: `batchSize` rounded up to whole tiles. */
  readonly rows: number;
  readonly layers: readonly LayerPlan[];
  /** Invocations a workgroup, of every kernel. */
  readonly workgroupSize: number;
  /** Steps of the first submit; later ones follow the clock, which changes no result. */
  readonly stepsPerSubmit: number;
}

/** Tiles from most to least reuse of what is loaded. Above 16 vec4f sums an invocation, registers run out. */
const forwardTiles: readonly Tile[] = [
  { rows: 4, quads: 4 },
  { rows: 8, quads: 2 },
  { rows: 4, quads: 2 },
  { rows: 4, quads: 1 },
  { rows: 2, quads: 1 },
  { rows: 1, quads: 1 },
];
const deltaTiles: readonly Tile[] = [
  { rows: 4, quads: 1 },
  { rows: 2, quads: 1 },
  { rows: 1, quads: 1 },
];
const updateTiles: readonly Tile[] = [
  { rows: 1, quads: 4 },
  { rows: 1, quads: 2 },
  { rows: 1, quads: 1 },
];

/**
 * Chooses the plan of a network's training step, or of its evaluation (which uses the forward tiles alone).
 * @param isSoftware whether the adapter computes on the CPU, where a few dozen invocations keep all cores busy and
 *   reuse is everything; a GPU needs thousands to hide the latency of its memory
 */
export function choosePlan(
  network: Pick<Network, 'layers'>,
  batchSize: number,
  isSoftware: boolean,
): Plan {
  const wanted = isSoftware ? 24 : 8192;
  const { layers: sizes } = network;
  const layers = sizes.slice(1).map((outputs, l): LayerPlan => {
    const inputs = sizes[l]!;
    const outputQuads = quads(outputs);
    return {
      forward: largest(forwardTiles, batchSize, outputQuads, wanted),
      hiddenDelta: largest(deltaTiles, batchSize, quads(inputs), wanted),
      update: largest(updateTiles, quads(inputs), outputQuads, wanted),
    };
  });
  const tallest = Math.max(
    ...layers.flatMap(({ forward, hiddenDelta }) => [forward.rows, hiddenDelta.rows]),
  );
  return {
    batchSize,
    rows: Math.ceil(batchSize / tallest) * tallest,
    layers,
    // Software adapters deal whole workgroups to their threads: small ones spread evenly over the cores. A GPU
    // wants at least one full subgroup in each, which is 64 invocations on the widest.
    workgroupSize: isSoftware ? 16 : 64,
    stepsPerSubmit: Math.max(1, Math.floor(firstSubmitOperations / operations(sizes, batchSize))),
  };
}

/** Work of the first submit, before anything is known of the adapter: 40 ms on one that does 1 GFLOP/s. */
const firstSubmitOperations = 4e7;

/** Floating-point operations of a step, about: forward, back and gradient take two a weight and sample each. */
function operations(sizes: readonly number[], batchSize: number): number {
  return 6 * batchSize * countParameters(sizes);
}

/** The tile with most reuse that fits and still leaves `wanted` invocations; the smallest if none does. */
function largest(tiles: readonly Tile[], rows: number, columnQuads: number, wanted: number): Tile {
  const fitting = tiles.filter((tile) => columnQuads % tile.quads === 0);
  return (
    fitting.find((tile) => Math.ceil(rows / tile.rows) * (columnQuads / tile.quads) >= wanted) ??
    fitting.at(-1)!
  );
}

/** The plan in one line a layer, for reports. */
export function describePlan(plan: Plan): string {
  const tile = ({ rows, quads: q }: Tile) => `${rows}×${4 * q}`;
  const layers = plan.layers
    .map(
      ({ forward, hiddenDelta, update }, l) =>
        `layer ${l}: forward ${tile(forward)}` +
        (l > 0 ? `, hidden delta ${tile(hiddenDelta)}` : '') +
        `, update 4×${4 * update.quads}`,
    )
    .join('; ');
  return `workgroups of ${plan.workgroupSize}; ${layers}`;
}
