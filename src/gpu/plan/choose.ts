import type { Network } from '../../network/network.ts';
import { softwarePlan } from '../software/plan.ts';
import { hardwarePlan } from './hardware.ts';
import { stepOperations, type Plan, type PlanAdapter } from './plan.ts';

/**
 * Floating-point operations in the first submit. The speed of the adapter is unknown then; 1 GFLOP/s would take 40 ms.
 */
const firstSubmitOperations = 4e7;

/**
 * Chooses the plan for a training step or an evaluation step of a network. An evaluation uses only the forward tiles.
 */
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
