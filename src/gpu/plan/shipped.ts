/**
 * Plans tuned for common adapters and for the networks of the presets and the benchmark. An entry stays only while
 * `nudge tune` finds it faster than the default plan on that adapter.
 */
import type { Network } from '../../network/network.ts';
import type { AdapterDescription } from '../adapter.ts';
import type { Plan } from './plan.ts';

export interface ShippedPlan {
  /** Vendor as reported by the adapter. */
  readonly vendor: string;
  readonly architecture: string;
  /** Subgroup size that the plan was tuned for. */
  readonly subgroupSize: number;
  readonly layers: readonly number[];
  readonly plan: Plan;
}

export const shippedPlans: readonly ShippedPlan[] = [];

/** @param table default {@link shippedPlans}; tests pass their own */
export function findShipped(
  adapter: AdapterDescription,
  { layers }: Pick<Network, 'layers'>,
  batchSize: number,
  table: readonly ShippedPlan[] = shippedPlans,
): Plan | undefined {
  return table.find(
    (entry) =>
      entry.vendor === adapter.vendor &&
      entry.architecture === adapter.architecture &&
      entry.subgroupSize === adapter.subgroupSize &&
      entry.layers.join() === layers.join() &&
      entry.plan.batchSize === batchSize,
  )?.plan;
}
