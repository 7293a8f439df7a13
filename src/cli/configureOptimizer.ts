/** Turns the options of `nudge train` that control the optimizer into its configuration. */
import {
  createOptimizer,
  type OptimizerConfiguration,
  type OptimizerName,
  type ScheduleConfiguration,
} from '../benchmark/optimizerConfiguration.ts';
import { namedOptimizers, requireClipNorm } from '../engine/optimizers/registry.ts';
import type { Network } from '../network/network.ts';
import type { Preset } from '../network/presets.ts';
import { UsageError } from './errors.ts';

/** Each is undefined where the user did not give it. */
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
 * @param preset whose training settings apply, if any
 * @throws {ConfigurationError} for invalid values, and for options that have no effect together
 */
export function configureOptimizer(
  options: OptimizerArguments,
  network: Network,
  preset: Preset | undefined,
): ConfiguredOptimizer {
  const { weightDecay, clipNorm } = options;
  const momentum = configureMomentum(options, preset);
  const optimizer = options.optimizer ?? (momentum > 0 ? 'momentum' : 'sgd');
  // A preset's learning rate is for SGD; other optimizers have their own default.
  const usual =
    namedOptimizers.get(optimizer)?.learningRate ??
    preset?.learningRate ??
    usualLearningRate(network, momentum);
  const schedule = configureSchedule(options);
  const configured: ConfiguredOptimizer = {
    optimizer,
    learningRate: options.learningRate ?? usual,
    momentum,
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clipNorm !== undefined && { clipNorm: requireClipNorm(clipNorm) }),
    ...(schedule && { schedule }),
  };
  // Reports invalid values before data are read. The real length is not known yet; any valid one will do.
  createOptimizer(configured, { stepsPerEpoch: 1, steps: (schedule?.warmUpSteps ?? 0) + 1 });
  return configured;
}

function configureMomentum(
  { optimizer, momentum }: OptimizerArguments,
  preset: Preset | undefined,
): number {
  if (optimizer === undefined) return momentum ?? preset?.momentum ?? 0;
  if (namedOptimizers.get(optimizer)?.takesMomentum) {
    return momentum ?? (preset && preset.momentum > 0 ? preset.momentum : 0.9);
  }
  if (momentum !== undefined && momentum !== 0) {
    const instead = optimizer === 'sgd' ? 'momentum' : 'nesterov';
    throw new UsageError(
      `--momentum ${momentum} has no effect with optimizer '${optimizer}'. Leave --momentum out, or use --optimizer ${instead}.`,
    );
  }
  return 0;
}

function configureSchedule(options: OptimizerArguments): ScheduleConfiguration | undefined {
  const { schedule, decay, decayEvery, warmup } = options;
  if (schedule !== 'step' && schedule !== 'exponential') {
    const name = decay === undefined ? '--decay-every' : '--decay';
    if (decay !== undefined || decayEvery !== undefined) {
      throw new UsageError(
        `${name} needs --schedule step or exponential; got ${schedule ?? 'no --schedule'}.`,
      );
    }
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
 * A learning rate to start with. Sigmoid outputs under squared error have small gradients; linear outputs have
 * unbounded ones. Momentum μ makes steps 1/(1 − μ) times as long.
 */
function usualLearningRate({ activation, output, cost }: Network, momentum: number): number {
  const isSmall = activation === 'sigmoid' && output === 'sigmoid' && cost === 'squared-error';
  const rate = isSmall ? 3 : output === 'linear' ? 0.01 : 0.1;
  return Number((rate * (1 - momentum)).toPrecision(2));
}
