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
  /** Stores the plan, so that `Trainer.create` with `plan: 'tuned'` finds it. */
  readonly planCache?: PlanCache | undefined;
}

const optionNames: OptionNames<TunePlanOptions> = {
  ...{ batchSize: true, optimizer: true, clipNorm: true, budgetMs: true, signal: true },
  ...{ onProgress: true, known: true, onMeasured: true, planCache: true },
};

/**
 * Measures plans for training a network on a device and returns the fastest. The gradient of every candidate is checked
 * against the float64 reference first. A candidate replaces the default plan only if it is faster by more than the
 * noise. Nothing else should run on the device meanwhile.
 *
 * @example
 * const device = await Device.request();
 * const { plan } = await tunePlan(device, network, { batchSize: 100, optimizer: sgd({ learningRate: 1 }) });
 * const trainer = await Trainer.create(network, { ...options, device, plan });
 *
 * @throws {ConfigurationError} for invalid options
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
  // The default plan is stored too, but only if the tuning was complete.
  const isStopped = tuning.ended === 'signal' || tuning.ended === 'hidden';
  if (planCache && !(isStopped && tuning.isDefault)) {
    await keepPlan(device, network, tuning.plan, planCache);
  }
  return tuning;
}
