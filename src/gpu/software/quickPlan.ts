/** The plan of a training's first steps, made while the kernels of its own plan are still being compiled. */
import type { Tile } from '../../../shaders/tile.ts';
import type { Network } from '../../network/network.ts';
import { stepOperations, type Plan, type PlanAdapter } from '../plan/plan.ts';
import { compilesAhead } from './adapters.ts';

/** The shortest code of every kernel. */
const plain: Tile = { rows: 1, quads: 1, isPlain: true };

/** Operations of a step that takes longer in plain kernels than the others take to be compiled. */
const mostOperations = 1e8;

/**
 * A plan whose kernels are compiled in a third of the time and give the same bits: every sum is added up in the same
 * order, one at a time instead of a tile of them. Undefined where there is none, or where nothing is won by it:
 * where workgroups share tiles, whose sums are cut into slices; where kernels are compiled only when they are first
 * dispatched; and where a step is so large that it is better waited for.
 */
export function quickPlan(
  plan: Plan,
  network: Pick<Network, 'layers'>,
  adapter: PlanAdapter,
): Plan | undefined {
  const { fused, ...rest } = plan;
  const isShared =
    fused?.workgroupSize !== undefined ||
    plan.layers.some(({ forward, hiddenDelta, update }) =>
      [forward, hiddenDelta, update].some(({ shared }) => shared !== undefined),
    );
  if (isShared || !compilesAhead(adapter)) return undefined;
  if (stepOperations(network.layers, plan.batchSize) > mostOperations) return undefined;
  return {
    ...rest,
    layers: plan.layers.map(() => ({ forward: plain, hiddenDelta: plain, update: plain })),
    lanes: { ...plan.lanes, broadcast: 0 },
    fused: { from: 0, rows: 1, isPlain: true },
  };
}
