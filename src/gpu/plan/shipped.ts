/**
 * Plans that were tuned for adapters that many people have, and for the networks of the presets and the benchmark.
 * An entry stays only while `nudge tune` finds it faster than `choosePlan`'s on that adapter.
 */
import type { Network } from '../../network/network.ts';
import type { AdapterDescription } from '../adapter.ts';
import type { Plan } from './plan.ts';

export interface ShippedPlan {
  /** As the adapter says itself. */
  readonly vendor: string;
  readonly architecture: string;
  /** The plan is for subgroups of this size. */
  readonly subgroupSize: number;
  readonly layers: readonly number[];
  readonly plan: Plan;
}

export const shippedPlans: readonly ShippedPlan[] = [];

/** @param table {@link shippedPlans}, unless a test has one of its own */
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
