/**
 * A plan: how one training step is cut into kernels and tiles. Pure data, chosen from the network, the mini-batch
 * and the adapter; printable; and part of what reproducibility means, since another tile adds in another order.
 */
import type { Lanes, Tile } from '../../../shaders/tile.ts';
import { countParameters } from '../../network/parameters.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { AdapterDescription } from '../adapter.ts';

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

/** Floating-point operations of a step, about: forward, back and gradient take two a weight and sample each. */
export function stepOperations(sizes: readonly number[], batchSize: number): number {
  return 6 * batchSize * countParameters(sizes);
}

/** A tile of a kernel that the plan really has, with what it has to fit. */
export interface UsedTile {
  /** 'forward of layer 0' */
  readonly name: string;
  readonly tile: Tile;
  /** Of its layer. */
  readonly inputs: number;
  readonly outputs: number;
  /** Quads of the matrix that it is a part of, side by side. */
  readonly columns: number;
  /** Sums a row of the tile. */
  readonly sums: number;
  /** Whether its rows are rows of the mini-batch buffers, which must be whole tiles. */
  readonly isOfBatch: boolean;
}

/** The tiles of the kernels that a step of this plan is made of; those of fused layers are not among them. */
export function usedTiles(plan: Plan, layers: readonly number[]): readonly UsedTile[] {
  const split = plan.fused?.from ?? plan.layers.length;
  return plan.layers.flatMap(({ forward, hiddenDelta, update }, l): UsedTile[] => {
    const [inputs, outputs] = [layers[l]!, layers[l + 1]!];
    const of = (kernel: string, tile: Tile, columns: number) => {
      return { name: `${kernel} of layer ${l}`, tile, inputs, outputs, columns: quads(columns) };
    };
    const batch = { isOfBatch: true, sums: 1 };
    return [
      ...(l < split ? [{ ...of('forward', forward, outputs), ...batch }] : []),
      ...(l > 0 && l < split ? [{ ...of('hidden delta', hiddenDelta, inputs), ...batch }] : []),
      { ...of('update', update, outputs), sums: 4, isOfBatch: false },
    ];
  });
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
