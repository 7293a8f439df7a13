/** Tuning described by plain data. Knows neither DOM nor Node. */
import type { AdapterDescription } from '../gpu/adapter.ts';
import { Device } from '../gpu/device.ts';
import { describePlan } from '../gpu/plan.ts';
import { planFile, type PlanFile } from '../gpu/planFile.ts';
import { findPlan } from '../gpu/tuning/planCache.ts';
import { memoryPlanCache, browserName } from '../gpu/tuning/storagePlanCache.ts';
import type { TuneProgress, Tuning } from '../gpu/tuning/tuner.ts';
import { Network } from '../network/network.ts';
import { createOptimizer, type OptimizerConfiguration } from './optimizerConfiguration.ts';
import type { NetworkDescription, WorkContext, WorkData } from './trainJob.ts';
import { tunePlan } from './tunePlan.ts';

export interface TuneConfiguration extends OptimizerConfiguration {
  readonly network: NetworkDescription;
  readonly batchSize: number;
  readonly clipNorm?: number | undefined;
  readonly budgetMs: number;
  /** See `PlanCache.runtime`; default: the browser's name. */
  readonly runtime?: string | undefined;
  /** Plans that were tuned before, by key; one of them is taken, where it is there, and nothing is measured. */
  readonly known?: Readonly<Record<string, string>> | undefined;
}

export interface TuneEvent extends TuneProgress {
  readonly type: 'progress';
}

export interface TuneResult {
  readonly adapter: AdapterDescription;
  readonly from: 'tuning' | 'cache' | 'shipped';
  readonly planFile: PlanFile;
  /** The plan in words. */
  readonly plan: string;
  /** Absent where nothing was measured. */
  readonly tuning?: Omit<Tuning, 'plan'>;
  /** What is to be kept, by key. */
  readonly tuned: Readonly<Record<string, string>>;
}

/** The learning rate makes no difference to the time. */
const anyLength = { stepsPerEpoch: 1, steps: 2 ** 31 };

/**
 * Tunes a plan, or finds one that was tuned before.
 * @throws what `tunePlan` throws; not the signal's reason, which ends the tuning with the best plan so far
 */
export async function runTune(
  configuration: TuneConfiguration,
  _: WorkData,
  { gpu, signal, onEvent }: WorkContext<TuneEvent> = {},
): Promise<TuneResult> {
  const { network: description, batchSize, clipNorm, budgetMs, known } = configuration;
  const { parameters, ...shape } = description;
  const network = new Network(shape, parameters);
  const device = await Device.request({ ...(gpu && { gpu }) });
  try {
    const runtime = configuration.runtime ?? browserName(navigator.userAgent);
    const { adapter } = device;
    const found = known
      ? await findPlan(device, network, batchSize, memoryPlanCache(runtime, Object.entries(known)))
      : undefined;
    if (found) {
      const { plan, from } = found;
      const words = describePlan(plan);
      return { adapter, from, planFile: planFile(network, plan), plan: words, tuned: {} };
    }
    const planCache = memoryPlanCache(runtime);
    const { plan, ...tuning } = await tunePlan(device, network, {
      batchSize,
      optimizer: createOptimizer(configuration, anyLength),
      clipNorm,
      budgetMs,
      signal,
      planCache,
      onProgress: (progress) => onEvent?.({ type: 'progress', ...progress }),
    });
    return {
      adapter,
      from: 'tuning',
      planFile: planFile(network, plan),
      plan: describePlan(plan),
      tuning,
      tuned: Object.fromEntries(planCache.entries),
    };
  } finally {
    device.destroy();
  }
}
