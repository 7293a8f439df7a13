/** Creates a {@link GpuEngine} from options: finds a device, then a plan for it. */
import type { EngineOptions } from '../engine/engine.ts';
import { requireOneOf } from '../network/functions.ts';
import type { AdapterDescription } from './adapter.ts';
import { Device } from './device.ts';
import { GpuEngine } from './engine.ts';
import type { GpuOptions } from './options.ts';
import { findPlan } from './plan/cache.ts';
import { planFile, readPlanFile } from './plan/file.ts';
import type { Plan } from './plan/plan.ts';

/**
 * Source of the plan: derived from the adapter, passed by the caller, tuned on this machine, shipped with nudge, or from
 * the checkpoint that a trainer continues.
 */
export type PlanOrigin = 'default' | 'given' | 'cache' | 'shipped' | 'checkpoint';

/**
 * @returns the engine, and `release`, which destroys the device if the engine created it; call it after disposing the
 *   engine
 * @throws what `Device.request` and `GpuEngine.create` throw
 * @throws {FormatError} for an object that is not a valid plan
 */
export async function createGpuEngine(options: EngineOptions & GpuOptions): Promise<{
  readonly engine: GpuEngine;
  readonly device: Device;
  readonly adapter: AdapterDescription;
  readonly planOrigin: PlanOrigin;
  readonly release: () => void;
}> {
  const { gpu, isVisible, timeoutMs } = options;
  const device = options.device ?? (await Device.request({ gpu, isVisible, timeoutMs }));
  const release = () => {
    if (!options.device) device.destroy();
  };
  try {
    const { plan, planOrigin } = await resolvePlan(device, options);
    const engine = await GpuEngine.create(device, { ...options, plan });
    return { engine, device, adapter: device.adapter, planOrigin, release };
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
    // The plan may come from a file or from plain JavaScript, so it is validated.
    return { plan: readPlanFile(planFile(network, plan), network), planOrigin: 'given' };
  }
  const choice = requireOneOf('plan', plan ?? 'default', ['default', 'tuned']);
  const found =
    choice === 'tuned' ? await findPlan(device, network, batchSize, planCache) : undefined;
  return { plan: found?.plan, planOrigin: found?.from ?? 'default' };
}
