/** What of `nudge train`'s options says how a gradient becomes an update. Pure, and strict. */
import {
  createOptimizer,
  type OptimizerConfiguration,
  type OptimizerName,
  type ScheduleConfiguration,
} from '../benchmark/optimizerConfiguration.ts';
import type { Network } from '../network/network.ts';
import type { Preset } from '../network/presets.ts';
import { namedOptimizers, requireClipNorm } from '../engine/optimizers/registry.ts';
import { UsageError } from './errors.ts';

/** Each is undefined where the user said nothing. */
export interface OptimizerArguments {
  readonly learningRate?: number | undefined;
  readonly optimizer?: OptimizerName | undefined;
  readonly momentum?: number | undefined;
  readonly weightDecay?: number | undefined;
  readonly clipNorm?: number | undefined;
  readonly schedule?: ScheduleConfiguration['kind'] | undefined;
  readonly decay?: number | undefined;
  readonly decayEvery?: number | undefined;
  readonly warmup?: number | undefined;
}

export type ConfiguredOptimizer = OptimizerConfiguration & {
  readonly optimizer: OptimizerName;
  readonly clipNorm?: number;
};

/**
 * @param preset that says how to train, where one counts
 * @throws {ConfigurationError} for values that make no sense, alone or together
 */
export function configureOptimizer(
  options: OptimizerArguments,
  network: Network,
  preset: Preset | undefined,
): ConfiguredOptimizer {
  const momentum = configureMomentum(options, preset);
  const optimizer = options.optimizer ?? (momentum > 0 ? 'momentum' : 'sgd');
  // A preset's learning rate is for SGD; other optimizers have a usual one of their own.
  const usual =
    namedOptimizers.get(optimizer)?.learningRate ??
    preset?.learningRate ??
    usualLearningRate(network, momentum);
  const { weightDecay, clipNorm } = options;
  const schedule = configureSchedule(options);
  const configured: ConfiguredOptimizer = {
    optimizer,
    learningRate: options.learningRate ?? usual,
    momentum,
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clipNorm !== undefined && { clipNorm: requireClipNorm(clipNorm) }),
    ...(schedule && { schedule }),
  };
  // Refused here, before any data are read: all but a cosine too short for its warm-up.
  const length = { stepsPerEpoch: 1, steps: (schedule?.warmUpSteps ?? 0) + 1 };
  createOptimizer(configured, length);
  return configured;
}

function configureMomentum(options: OptimizerArguments, preset: Preset | undefined): number {
  const { optimizer, momentum } = options;
  if (optimizer === undefined) return momentum ?? preset?.momentum ?? 0;
  if (namedOptimizers.get(optimizer)?.takesMomentum) {
    // A preset without momentum has nothing to say about how much.
    const usual = preset !== undefined && preset.momentum > 0 ? preset.momentum : 0.9;
    return momentum ?? usual;
  }
  if (momentum !== undefined && momentum !== 0) {
    const instead = optimizer === 'sgd' ? '--optimizer momentum' : '--optimizer nesterov';
    throw new UsageError(
      `Optimizer '${optimizer}' has no momentum, and --momentum ${momentum} was given. Use ${instead}, or leave --momentum out.`,
    );
  }
  return 0;
}

function configureSchedule(options: OptimizerArguments): ScheduleConfiguration | undefined {
  const { schedule, decay, decayEvery, warmup } = options;
  const decays = schedule === 'step' || schedule === 'exponential';
  for (const [flag, value] of [
    ['--decay', decay],
    ['--decay-every', decayEvery],
  ] as const) {
    if (value === undefined || decays) continue;
    const which = schedule === undefined ? 'no --schedule was given' : `--schedule is ${schedule}`;
    throw new UsageError(
      `${flag} ${value} says how a learning rate decays by --schedule step or exponential, and ${which}. Give one of these, or leave ${flag} out.`,
    );
  }
  if (schedule === undefined && warmup === undefined) return undefined;
  return {
    kind: schedule ?? 'constant',
    warmUpSteps: warmup ?? 0,
    ...(decay !== undefined && { decay }),
    ...(decayEvery !== undefined && { decayEvery }),
  };
}

/**
 * A learning rate that is a fair start. The gradients of sigmoid outputs under squared error are small; those of
 * linear ones are not bounded; and momentum μ makes steps 1/(1 − μ) times as long in the end.
 */
function usualLearningRate({ activation, output, cost }: Network, momentum: number): number {
  const isLectures = activation === 'sigmoid' && output === 'sigmoid' && cost === 'squared-error';
  const rate = isLectures ? 3 : output === 'linear' ? 0.01 : 0.1;
  return Number((rate * (1 - momentum)).toPrecision(2));
}
