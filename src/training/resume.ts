/** Combines a checkpoint with the options of the machine that continues it. */
import type { TrainingPosition } from '../engine/cursor.ts';
import type { Backend } from '../engine/engine.ts';
import { ConfigurationError, FormatError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { requireOptions, show } from '../network/arguments.ts';
import type { Checkpoint } from './checkpoint.ts';
import { createEngine, type CreatedEngine } from './createEngine.ts';
import {
  requireTrainerOptions,
  trainerOptionNames,
  type TrainerOptions,
} from './trainerOptions.ts';

/**
 * Options of the machine: `backend`, `threads`, `stream`, `device`, `gpu`, `isVisible`. The other options come from the
 * checkpoint. They may be given, with the checkpoint's values.
 */
export type ResumeOptions = Partial<TrainerOptions>;

/** The checkpoint that a trainer continues. */
export interface Resumption extends TrainingPosition {
  /** What computed the steps up to here. */
  readonly backend: Backend;
  readonly adapter?: AdapterDescription;
  /** Why the plan of the checkpoint is not used; undefined if it is used, or there is none. */
  readonly planProblem?: string;
  /** The note of the program that wrote the checkpoint. */
  readonly note?: string;
}

/**
 * The options of the trainer that continues a checkpoint.
 * @throws {ConfigurationError} for options that are invalid, or contradict the checkpoint
 */
export function resumeOptions(
  { settings, backend: usedBackend, plan: usedPlan }: Checkpoint,
  options: ResumeOptions,
): TrainerOptions {
  requireOptions('Trainer.resume', options, trainerOptionNames);
  const { threads: usedThreads, ...decided } = settings;
  const { backend = usedBackend } = options;
  const isOnCpu = backend === 'cpu' || backend === 'auto';
  const isOnGpu = backend === 'webgpu' || backend === 'auto';
  const settled: TrainerOptions = {
    ...withoutUndefined(options),
    ...(withoutUndefined(decided) as typeof decided & { readonly clipNorm?: number }),
    backend,
    ...(isOnCpu && { threads: options.threads ?? usedThreads }),
    ...(isOnGpu && usedPlan && { plan: usedPlan }),
  };
  // The caller's own values first, so that an invalid one is not compared.
  requireTrainerOptions({ ...settled, ...withoutUndefined(options) });
  const given: Readonly<Record<string, unknown>> = options;
  for (const [name, value] of Object.entries({ clipNorm: undefined, ...decided, plan: usedPlan })) {
    if (given[name] === undefined || textOf(given[name]) === textOf(value)) continue;
    // A checkpoint of another backend has no plan, so a GPU may take any.
    if (name === 'plan' && value === undefined) continue;
    throw new ConfigurationError(
      `The checkpoint was made with ${name} ${textOf(value) ?? 'undefined'}, but the call asks for ${textOf(given[name]) ?? show(given[name])}. Omit ${name}, or use another checkpoint.`,
    );
  }
  return settled;
}

/**
 * Creates the engine with the plan of the checkpoint. If the adapter cannot run that plan, it takes the default plan.
 * @throws what `createEngine` throws
 */
export async function createResumedEngine(
  { network, plan }: Checkpoint,
  options: TrainerOptions,
): Promise<{ readonly created: CreatedEngine; readonly planProblem?: string }> {
  try {
    const created = await createEngine(network, options);
    const isUsed = plan !== undefined && created.planOrigin === 'given';
    return { created: isUsed ? { ...created, planOrigin: 'checkpoint' } : created };
  } catch (error) {
    const isPlan = error instanceof ConfigurationError || error instanceof FormatError;
    if (!isPlan || options.plan === undefined || options.plan !== plan) throw error;
    const created = await createEngine(network, { ...options, plan: 'default' });
    return { created, planProblem: error.message };
  }
}

function withoutUndefined<T extends object>(options: T): T {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}

/** JSON with sorted keys: equal for equal plain data. Undefined for what is no plain data. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    );
  } catch {
    return undefined;
  }
}
