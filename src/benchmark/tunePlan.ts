import type { Device } from '../gpu/device.ts';
import { keepPlan, type PlanCache } from '../gpu/tuning/planCache.ts';
import { tune, type TunerOptions, type Tuning } from '../gpu/tuning/tuner.ts';
import type { Network } from '../network/network.ts';
import { planChecker } from './verification/plan.ts';

export interface TunePlanOptions extends Omit<TunerOptions, 'timer' | 'isHidden'> {
  /** Takes the plan, for `Trainer.create` with `plan: 'tuned'` to find. */
  readonly planCache?: PlanCache | undefined;
}

/**
 * Finds the fastest plan for training a network on a device, by measuring. Every candidate's gradient is held to
 * the float64 reference first; and only what is faster by more than the noise of the measurements is preferred to
 * the default plan. Nothing else should run on the device meanwhile.
 *
 * @example
 * const device = await Device.request();
 * const { plan } = await tunePlan(device, network, { batchSize: 100, optimizer: sgd({ learningRate: 1 }) });
 * const trainer = await Trainer.create(network, { ...options, device, plan });
 *
 * @throws {ConfigurationError} for options that make no sense
 * @throws {LimitError | OutOfMemoryError | DeviceLostError}
 */
export async function tunePlan(
  device: Device,
  network: Network,
  { planCache, ...options }: TunePlanOptions,
): Promise<Tuning> {
  const check = planChecker(device, network, options.batchSize);
  const tuning = await tune(device, network, check, options);
  // That nothing beats the default plan is worth knowing, too, unless it was not looked at to the end.
  const isStopped = tuning.ended === 'signal' || tuning.ended === 'hidden';
  if (planCache && !(isStopped && tuning.isDefault)) {
    await keepPlan(device, network, tuning.plan, planCache);
  }
  return tuning;
}
