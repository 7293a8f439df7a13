/**
 * A plan says how one training step is divided into kernels and tiles. It is pure, printable data, chosen from the
 * network, the mini-batch and the adapter. Reproducible results need the same plan, because another tile adds in
 * another order.
 */
import type { FusedTile } from '../../../shaders/fused.ts';
import { softwareLoops, type Tile } from '../../../shaders/matmul/matmul.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { countParameters } from '../../network/parameters.ts';
import type { AdapterDescription } from '../adapter.ts';

export interface LayerPlan {
  readonly forward: Tile;
  /** Delta of the layer's inputs; unused for the first layer, whose inputs are data. */
  readonly hiddenDelta: Tile;
  /** Weight gradient, [inputs and one row of biases, outputs]. */
  readonly update: Tile;
}

export interface Plan {
  readonly batchSize: number;
  readonly layers: readonly LayerPlan[];
  /**
   * The first layer whose forward and backward passes share one dispatch with all later layers, and how samples are
   * distributed in it.
   */
  readonly fused?: FusedTile & { readonly from: number };
  /** Steps of the first submit; later submits adapt to measured time, which does not change results. */
  readonly stepsPerSubmit: number;
}

/**
 * Maximum layers whose code is in one kernel. Compilation takes seconds for 16 layers, but time grows faster than the
 * number of layers: SwiftShader takes 93 s for 90 fused layers, and crashes with 124.
 */
export const maxLayersPerKernel = 16;

/** Properties of an adapter that its plans depend on. */
export type PlanAdapter = Pick<AdapterDescription, 'isSoftware' | 'subgroupSize'>;

/** A kind of adapter with plans of its own. */
export interface AdapterFamily {
  readonly includes: (adapter: PlanAdapter) => boolean;
  /** Returns the default plan. */
  readonly plan: (
    layers: readonly number[],
    batchSize: number,
    adapter: PlanAdapter,
  ) => Pick<Plan, 'layers' | 'fused'>;
  /**
   * Returns why an adapter, of this family or not, cannot run a plan; undefined if it can.
   * @throws {LimitError} if it can run no plan for this network and mini-batch
   */
  readonly problem: (
    plan: Plan,
    layers: readonly number[],
    adapter: PlanAdapter,
  ) => string | undefined;
}

/**
 * Approximate floating-point operations of a step: forward, backward and gradient take two each per weight and sample.
 */
export function stepOperations(sizes: readonly number[], batchSize: number): number {
  return 6 * batchSize * countParameters(sizes);
}

/** A tile that the plan really uses, with the sizes it has to fit. */
export interface UsedTile {
  /** For example 'forward of layer 0'. */
  readonly name: string;
  readonly tile: Tile;
  /** Sizes of its layer. */
  readonly inputs: number;
  readonly outputs: number;
  /** Width of its matrix in vec4f. */
  readonly columns4: number;
}

/** Returns the tiles of the kernels in a step of this plan, without those of fused layers. */
export function usedTiles(plan: Plan, layers: readonly number[]): readonly UsedTile[] {
  const split = plan.fused?.from ?? plan.layers.length;
  return plan.layers.flatMap(({ forward, hiddenDelta, update }, l): UsedTile[] => {
    const [inputs, outputs] = [layers[l]!, layers[l + 1]!];
    const of = (kernel: string, tile: Tile, columns: number) => {
      return { name: `${kernel} of layer ${l}`, tile, inputs, outputs, columns4: vec4s(columns) };
    };
    return [
      ...(l < split ? [of('forward', forward, outputs)] : []),
      ...(l > 0 && l < split ? [of('hidden delta', hiddenDelta, inputs)] : []),
      of('update', update, outputs),
    ];
  });
}

/** For example '16×16', '32×8 swapped', '64×64 staged by 32', or '4×4 in 16 parts, 8 across'. */
export function describeTile(tile: Tile): string {
  if (tile.loop === 'splitK') return `4×4 in ${tile.splitK} parts, ${tile.across} across`;
  const { loop, rows4, columns4, workgroupSize } = tile;
  if (loop === 'tiled') {
    const { across, tileK4 } = tile;
    return `${4 * rows4 * (workgroupSize / across)}×${4 * columns4 * across} staged by ${4 * tileK4}`;
  }
  return `${4 * rows4}×${4 * columns4}${softwareLoops.includes(loop) ? ` ${loop}` : ''}`;
}

/** Describes the plan in one line, for reports. */
export function describePlan(plan: Plan): string {
  const split = plan.fused?.from ?? plan.layers.length;
  const text = (tile: Tile) => `${describeTile(tile)} by ${tile.workgroupSize}`;
  const layers = plan.layers
    .map(({ forward, hiddenDelta, update }, l) => {
      const parts = [
        ...(l < split ? [`forward ${text(forward)}`] : []),
        ...(l > 0 && l < split ? [`hidden delta ${text(hiddenDelta)}`] : []),
        `update ${text(update)}`,
      ];
      return `layer ${l}: ${parts.join(', ')}`;
    })
    .join('; ');
  const { fused } = plan;
  return (
    (fused
      ? `layers from ${fused.from} on forward and back in one dispatch, ${describeShare(fused)}; `
      : '') + layers
  );
}

/** Describes how samples are distributed in fused layers: '4 samples an invocation'. */
export function describeShare({ loop, rows4, workgroupSize }: FusedTile): string {
  return loop === 'simple'
    ? `${4 * rows4} samples an invocation`
    : `${4 * rows4} samples a workgroup of ${workgroupSize}`;
}
