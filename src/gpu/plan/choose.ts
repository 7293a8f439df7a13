import type { Network } from '../../network/network.ts';
import { softwareAdapters } from '../software/adapters.ts';
import { hardwarePlan } from './hardware.ts';
import { stepOperations, type AdapterFamily, type Plan, type PlanAdapter } from './plan.ts';

/** All other adapters get the plan for GPUs. No other file imports `src/gpu/software/`. */
export const adapterFamilies: readonly AdapterFamily[] = [softwareAdapters];

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
  const family = adapterFamilies.find(({ includes }) => includes(adapter));
  const { layers, fused } = (family?.plan ?? hardwarePlan)(sizes, batchSize, adapter);
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
