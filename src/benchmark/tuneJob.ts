/** Tuning as plain data. This module uses neither the DOM nor Node. */
import type { AdapterDescription } from '../gpu/adapter.ts';
import { Device } from '../gpu/device.ts';
import { describePlan } from '../gpu/plan/plan.ts';
import { planFile, type PlanFile } from '../gpu/plan/file.ts';
import { ConfigurationError } from '../errors.ts';
import type { LedgerEntry } from '../gpu/plan/tuning/ledger.ts';
import { findPlan, planKey } from '../gpu/plan/cache.ts';
import { memoryPlanCache, browserName } from '../gpu/plan/storageCache.ts';
import type { TuneProgress, Tuning } from '../gpu/plan/tuning/tuner.ts';
import { Network } from '../network/network.ts';
import { createOptimizer, type OptimizerConfiguration } from './optimizerConfiguration.ts';
import type { NetworkDescription, JobContext, JobData } from './trainJob.ts';
import { tunePlan } from './tunePlan.ts';

export interface TuneConfiguration extends OptimizerConfiguration {
  readonly network: NetworkDescription;
  readonly batchSize: number;
  readonly clipNorm?: number | undefined;
  readonly budgetMs: number;
  /** See `PlanCache.runtime`; default: the browser's name. */
  readonly runtime?: string | undefined;
  /** Plans from earlier tunings, by key. If one matches, it is returned without measuring. */
  readonly known?: Readonly<Record<string, string>> | undefined;
  /** Measurements of an earlier tuning with the same configuration, which continues it. */
  readonly resume?: TuneRecord | undefined;
}

export interface TuneRecord {
  /** See `planKey`: adapter, runtime, network and mini-batch. */
  readonly key: string;
  readonly measured: readonly LedgerEntry[];
}

export type TuneEvent =
  | (TuneProgress & { readonly type: 'progress' })
  | { readonly type: 'start'; readonly key: string }
  | { readonly type: 'measured'; readonly entry: LedgerEntry };

export interface TuneResult {
  readonly adapter: AdapterDescription;
  readonly from: 'tuning' | 'cache' | 'shipped';
  readonly planFile: PlanFile;
  /** The plan in words. */
  readonly plan: string;
  /** Missing if the plan was known. */
  readonly tuning?: Omit<Tuning, 'plan'>;
  /** New plans for the caller to store, by key. */
  readonly tuned: Readonly<Record<string, string>>;
}

/** The schedule does not affect the time of a step. */
const anyLength = { stepsPerEpoch: 1, steps: 2 ** 31 };

/**
 * Tunes a plan, or returns a known one. If the signal aborts, the result has the best plan so far.
 * @throws {ConfigurationError} if `resume` is from another adapter, runtime, network or mini-batch
 * @throws the errors of `tunePlan`
 */
export async function runTune(
  configuration: TuneConfiguration,
  _: JobData,
  { gpu, signal, onEvent }: JobContext<TuneEvent> = {},
): Promise<TuneResult> {
  const { network: description, batchSize, clipNorm, budgetMs, known, resume } = configuration;
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
    const key = planKey(device, network, batchSize, runtime);
    if (resume && resume.key !== key) {
      throw new ConfigurationError(
        `Cannot resume: the tuning was for '${resume.key}', but this one is for '${key}'. Their times are not comparable. Start a new tuning.`,
      );
    }
    onEvent?.({ type: 'start', key });
    const planCache = memoryPlanCache(runtime);
    const { plan, ...tuning } = await tunePlan(device, network, {
      batchSize,
      optimizer: createOptimizer(configuration, anyLength),
      clipNorm,
      budgetMs,
      signal,
      planCache,
      known: resume?.measured,
      onProgress: (progress) => onEvent?.({ type: 'progress', ...progress }),
      onMeasured: (entry) => onEvent?.({ type: 'measured', entry }),
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
