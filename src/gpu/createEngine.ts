/** From options to a {@link GpuEngine}: finds a device and a plan for it. */
import type { EngineOptions } from '../engine/engine.ts';
import { requireOneOf } from '../network/functions.ts';
import type { AdapterDescription } from './adapter.ts';
import { Device } from './device.ts';
import { GpuEngine } from './engine.ts';
import type { GpuOptions } from './options.ts';
import { findPlan } from './plan/cache.ts';
import { planFile, readPlanFile } from './plan/file.ts';
import type { Plan } from './plan/plan.ts';

/** Whether the plan follows from the adapter, was the caller's, was tuned here, or came with nudge. */
export type PlanOrigin = 'default' | 'given' | 'cache' | 'shipped';

/**
 * @returns the engine, and what frees the device where it is the engine's own, to be called after the engine is disposed
 * @throws what `Device.request` and `GpuEngine.create` throw
 * @throws {FormatError} for a plan that is no plan
 */
export async function createGpuEngine(options: EngineOptions & GpuOptions): Promise<{
  readonly engine: GpuEngine;
  readonly adapter: AdapterDescription;
  readonly planOrigin: PlanOrigin;
  readonly release: () => void;
}> {
  const { gpu, isVisible } = options;
  const device = options.device ?? (await Device.request({ gpu, isVisible }));
  const release = () => {
    if (!options.device) device.destroy();
  };
  try {
    const { plan, planOrigin } = await resolvePlan(device, options);
    const engine = await GpuEngine.create(device, { ...options, plan });
    return { engine, adapter: device.adapter, planOrigin, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function resolvePlan(
  device: Device,
  { plan, planCache, network, batchSize }: EngineOptions & GpuOptions,
): Promise<{ readonly plan: Plan | undefined; readonly planOrigin: PlanOrigin }> {
  if (typeof plan === 'object') {
    // It may come from a file, or from plain JavaScript.
    return { plan: readPlanFile(planFile(network, plan), network), planOrigin: 'given' };
  }
  const choice = requireOneOf('plan', plan ?? 'default', ['default', 'tuned']);
  const found =
    choice === 'tuned' ? await findPlan(device, network, batchSize, planCache) : undefined;
  return { plan: found?.plan, planOrigin: found?.from ?? 'default' };
}
