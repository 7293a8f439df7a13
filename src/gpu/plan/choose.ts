import type { Network } from '../../network/network.ts';
import { softwarePlan } from '../software/plan.ts';
import { hardwarePlan } from './hardware.ts';
import { stepOperations, type Plan, type PlanAdapter } from './plan.ts';

/** Work of the first submit, before anything is known of the adapter: 40 ms on one that does 1 GFLOP/s. */
const firstSubmitOperations = 4e7;

/** Chooses the plan of a network's training step, or of its evaluation (which uses the forward tiles alone). */
export function choosePlan(
  { layers: sizes }: Pick<Network, 'layers'>,
  batchSize: number,
  adapter: PlanAdapter,
): Plan {
  const { layers, fused } = adapter.isSoftware
    ? softwarePlan(sizes, batchSize, adapter)
    : hardwarePlan(sizes, batchSize);
  return {
    batchSize,
    layers,
    ...(fused && { fused }),
    stepsPerSubmit: Math.max(
      1,
      Math.floor(firstSubmitOperations / stepOperations(sizes, batchSize)),
    ),
  };
}
