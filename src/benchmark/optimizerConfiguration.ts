/** Optimizers and schedules as plain data, independent of the length of the run. */
import type { Optimizer } from '../engine/optimizers.ts';
import { namedOptimizers } from '../engine/optimizers/registry.ts';
import { requireOneOf } from '../network/functions.ts';
import {
  constantRate,
  cosineDecay,
  exponentialDecay,
  stepDecay,
  type LearningRate,
  type Schedule,
} from '../engine/schedules.ts';

/** 'sgd', 'momentum', 'adam', … */
export type OptimizerName = string;
export const optimizerNames: readonly OptimizerName[] = [...namedOptimizers.keys()];

export interface ScheduleConfiguration {
  readonly kind: Schedule['kind'];
  readonly warmUpSteps: number;
  /** `step` and `exponential`: steps between two decays. Default: one epoch. */
  readonly decayEvery?: number | undefined;
  /** `step` and `exponential`: factor of the learning rate. Default 0.5. */
  readonly decay?: number | undefined;
}

export interface OptimizerConfiguration {
  /** Default `sgd`, or `momentum` if `momentum` is above 0. */
  readonly optimizer?: OptimizerName | undefined;
  /** The maximum, if there is a schedule. */
  readonly learningRate: number;
  /** 0 with `sgd`, `adam` and `adamw`. */
  readonly momentum: number;
  /** Default: the optimizer's own. */
  readonly weightDecay?: number | undefined;
  /** Default: a constant learning rate. */
  readonly schedule?: ScheduleConfiguration | undefined;
}

export interface RunLength {
  readonly stepsPerEpoch: number;
  readonly steps: number;
}

/** @throws {ConfigurationError} for invalid values, alone or with a run of this length */
export function createOptimizer(
  configuration: OptimizerConfiguration,
  length: RunLength,
): Optimizer {
  const { optimizer = 'sgd', momentum, weightDecay } = configuration;
  const learningRate = scheduledRate(configuration, length);
  const name = momentum > 0 && optimizer === 'sgd' ? 'momentum' : optimizer;
  return namedOptimizers.get(requireOneOf('optimizer', name, optimizerNames))!.create({
    ...{ learningRate, momentum, weightDecay },
  });
}

function scheduledRate(
  { learningRate, schedule }: OptimizerConfiguration,
  { stepsPerEpoch, steps }: RunLength,
): LearningRate {
  if (!schedule) return learningRate;
  const { kind, warmUpSteps, decayEvery: every = stepsPerEpoch, decay: factor = 0.5 } = schedule;
  switch (kind) {
    case 'constant':
      return constantRate({ learningRate, warmUpSteps });
    case 'step':
      return stepDecay({ learningRate, warmUpSteps, every, factor });
    case 'exponential':
      return exponentialDecay({ learningRate, warmUpSteps, every, factor });
    case 'cosine':
      return cosineDecay({ learningRate, warmUpSteps, steps });
  }
}
