/** The JSON reports of `nudge train` and `nudge evaluate`. */
import type { EpochResult } from '../benchmark/epochMeter.ts';
import {
  hashParameters,
  type EngineFacts,
  type EvaluateResult,
  type TrainConfiguration,
  type TrainResult,
} from '../benchmark/trainJob.ts';
import { planFile } from '../gpu/plan/file.ts';
import type { Network, PlainNetworkOptions } from '../network/network.ts';
import { countParameters } from '../network/parameters.ts';
import type { RuntimeChoice } from './configure.ts';
import { dataName, type DataSource } from './dataSource.ts';
import type { Runtime } from './runtime.ts';
import { nudgeVersion } from './versions.ts';

interface Described {
  readonly options: {
    readonly preset?: string | undefined;
    readonly load?: string | undefined;
    readonly runtime?: RuntimeChoice | undefined;
    readonly plan?: string | undefined;
  };
  readonly description: PlainNetworkOptions;
  /** The network of `--load`. */
  readonly loaded: Network | undefined;
  readonly source: DataSource;
  readonly runtime: Runtime;
}

/** Everything needed to repeat the training, and what came of it. Same seed, adapter and options: same numbers but the times. */
export async function trainReport(
  given: Described & {
    readonly training: Omit<TrainConfiguration, 'network' | 'plan'>;
    readonly result: TrainResult;
  },
): Promise<object> {
  const { options, training, description, source, runtime, result } = given;
  const { epochs, steps, stream, ...rest } = training;
  return {
    nudge: nudgeVersion(),
    command: 'train',
    configuration: {
      data: dataName(source),
      preset: options.preset ?? null,
      network: description,
      load: await loadReport(given),
      ...rest,
      weightDecay: training.weightDecay ?? (training.optimizer === 'adamw' ? 0.01 : 0),
      clipNorm: training.clipNorm ?? null,
      schedule: training.schedule ?? null,
      epochs: epochs ?? null,
      steps: steps ?? null,
      threads: training.threads ?? 'auto',
      stream: stream ?? 'auto',
      plan: options.plan ?? 'default',
      runtime: options.runtime ?? 'auto',
    },
    runtime: runtime.facts,
    ...engineReport(result.engine),
    exactPlan: result.engine.exactPlan ? planFile(description, result.engine.exactPlan) : null,
    parameterCount: countParameters(description.layers),
    epochs: result.epochs.map(epochReport),
    steps: result.steps,
    isStopped: result.isStopped,
    evaluation: result.evaluation,
    sha256: result.sha256,
  };
}

/** What was evaluated, where, and how it did. */
export async function evaluateReport(
  given: Described & { readonly backend: string; readonly result: EvaluateResult },
): Promise<object> {
  const { options, description, source, runtime, backend, result } = given;
  return {
    nudge: nudgeVersion(),
    command: 'evaluate',
    configuration: {
      data: dataName(source),
      network: description,
      load: await loadReport(given),
      backend,
      runtime: options.runtime ?? 'auto',
    },
    runtime: runtime.facts,
    ...engineReport(result.engine),
    parameterCount: countParameters(description.layers),
    evaluation: result.evaluation,
    sha256: result.sha256,
  };
}

/** A file's name says little a week later; the hash of what was in it does. */
async function loadReport({ options, loaded }: Described) {
  if (loaded === undefined || options.load === undefined) return null;
  return { file: options.load, sha256: await hashParameters(loaded.parameters) };
}

function engineReport({ backend, choice, adapter, plan }: EngineFacts) {
  return { backend, choice: choice ?? null, adapter: adapter ?? null, plan: plan ?? null };
}

function epochReport({ evaluation, ...epoch }: EpochResult) {
  const { cost, accuracy } = evaluation;
  return { ...epoch, testCost: cost, accuracy };
}
