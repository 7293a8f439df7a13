import type { Network } from '../../network/network.ts';
import { softwarePlan } from '../software/plan.ts';
import { hardwarePlan } from './hardware.ts';
import { stepOperations, type Plan, type PlanAdapter } from './plan.ts';

/** Work of the first submit, before anything is known of the adapter: 40 ms on one that does 1 GFLOP/s. */
const firstSubmitOperations = 4e7;

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
  const { layers, lanes, fused } = adapter.isSoftware
    ? softwarePlan(sizes, batchSize, adapter)
    : hardwarePlan(sizes, batchSize);
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
