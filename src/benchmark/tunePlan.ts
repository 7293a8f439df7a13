import type { Device } from '../gpu/device.ts';
import { keepPlan, type PlanCache } from '../gpu/plan/cache.ts';
import { tune, type TunerOptions, type Tuning } from '../gpu/plan/tuning/tuner.ts';
import {
  requireFunction,
  requireInstance,
  requireMethods,
  requireOptions,
  requireSignal,
  type OptionNames,
} from '../network/arguments.ts';
import { Network } from '../network/network.ts';
import { requireBatchSize } from '../engine/batches.ts';
import { requireClipNorm, requireOptimizer } from '../engine/optimizers/registry.ts';
import { planChecker } from './verification/plan.ts';

export interface TunePlanOptions extends Omit<TunerOptions, 'timer' | 'isHidden'> {
  /** Takes the plan, for `Trainer.create` with `plan: 'tuned'` to find. */
  readonly planCache?: PlanCache | undefined;
}

const optionNames: OptionNames<TunePlanOptions> = {
  ...{ batchSize: true, optimizer: true, clipNorm: true, budgetMs: true, signal: true },
  ...{ onProgress: true, known: true, onMeasured: true, planCache: true },
};

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
  tunePlanOptions: TunePlanOptions,
): Promise<Tuning> {
  requireMethods('device', 'a Device', device, ['create', 'limit']);
  requireInstance('The network to tune a plan for', network, Network);
  requireOptions('tunePlan', tunePlanOptions, optionNames);
  const { planCache, ...options } = tunePlanOptions;
  requireBatchSize(options.batchSize);
  requireOptimizer(options.optimizer);
  if (options.clipNorm !== undefined) requireClipNorm(options.clipNorm);
  requireSignal(options.signal);
  requireFunction('onProgress', options.onProgress);
  if (planCache !== undefined)
    requireMethods('planCache', 'a PlanCache', planCache, ['get', 'set']);
  const check = planChecker(device, network, options.batchSize);
  const tuning = await tune(device, network, check, options);
  // That nothing beats the default plan is worth knowing, too, unless it was not looked at to the end.
  const isStopped = tuning.ended === 'signal' || tuning.ended === 'hidden';
  if (planCache && !(isStopped && tuning.isDefault)) {
    await keepPlan(device, network, tuning.plan, planCache);
  }
  return tuning;
}
