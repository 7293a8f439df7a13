/**
 * What a trainer needs to write and to continue checkpoints. It is loaded only when used, because a page that keeps no
 * checkpoints does not need the file format.
 */
import type { Dataset } from '../data/dataset.ts';
import type { TrainingPosition } from '../engine/cursor.ts';
import type { Backend } from '../engine/engine.ts';
import { ConfigurationError, FormatError } from '../errors.ts';
import type { AdapterDescription } from '../gpu/adapter.ts';
import { requireOptions, requireText, show } from '../network/arguments.ts';
import { describeNonFinite } from '../network/parameters.ts';
import { writeCheckpoint, type Checkpoint } from './checkpoint.ts';
import { createEngine } from './createEngine.ts';
import type { CreatedEngine } from './createdEngine.ts';
import {
  describeFingerprint,
  fingerprintOf,
  isSameData,
  type DatasetFingerprint,
} from './fingerprint.ts';
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
  /** See `Trainer.plan`. */
  readonly plan?: string;
  /** Why the plan of the checkpoint is not used; undefined if it is used, or there is none. */
  readonly planProblem?: string;
  /** The note of the program that wrote the checkpoint. */
  readonly note?: string;
}

export { readCheckpoint } from './checkpoint.ts';

export interface CheckpointOptions {
  /** Text that the program wants to find again, as `resumedFrom.note`. */
  readonly note?: string | undefined;
}

/**
 * Makes the file of a moment of a training.
 * @param expected of the checkpoint that the trainer continues
 * @param training the training set in the engine; undefined before there is one
 * @returns the file, or the reason why this moment cannot be continued
 */
export async function makeCheckpoint(
  moment: Omit<Checkpoint, 'dataset' | 'note'>,
  options: CheckpointOptions,
  training: Dataset | undefined,
  expected: DatasetFingerprint | undefined,
): Promise<Uint8Array<ArrayBuffer> | string> {
  requireOptions('checkpoint', options, { note: true });
  const { note } = options;
  if (note !== undefined) requireText('note', note);
  const { network, state } = moment;
  for (const [k, values] of [state.parameters, ...state.moments].entries()) {
    const wrong = describeNonFinite(network.layers, values);
    if (wrong !== undefined) return k === 0 ? wrong : `In moment ${k - 1}: ${wrong}`;
  }
  const dataset = training ? await fingerprintOf(training) : expected;
  return await writeCheckpoint({ ...moment, dataset, note });
}

/** @throws {ConfigurationError} unless the training set is the one of the checkpoint */
export async function requireSameData(
  expected: DatasetFingerprint,
  training: Dataset,
): Promise<void> {
  const found = await fingerprintOf(training);
  if (isSameData(expected, found)) return;
  throw new ConfigurationError(
    `The checkpoint was made with training set ${describeFingerprint(expected)}, but this is ${describeFingerprint(found)}. Continue with the training set of the checkpoint.`,
  );
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
    return { created: await createEngine(network, options) };
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
