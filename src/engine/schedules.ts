/**
 * Learning-rate schedules. A schedule is plain data, and its learning rate is a pure function of the steps made so far.
 * Therefore all engines use the same rates, and so does a resumed run.
 */
import { ConfigurationError } from '../errors.ts';
import { requireObject, requireOptions, show, type OptionNames } from '../network/arguments.ts';

/** Settings of every schedule. */
export interface Common {
  /** The highest learning rate, reached at the end of warm-up. */
  readonly learningRate: number;
  /**
   * Number of warm-up steps; 0 disables warm-up. The rate rises linearly: step t, counting from 1, has
   * learningRate·t/warmUpSteps. The decay counts its steps from the end of warm-up.
   */
  readonly warmUpSteps: number;
}

/** A decay by `factor` every `every` steps. */
export interface Decay extends Common {
  readonly every: number;
  readonly factor: number;
}

/** A learning-rate schedule, as plain data. */
export type Schedule =
  | (Common & { readonly kind: 'constant' })
  | (Decay & { readonly kind: 'step' })
  | (Decay & { readonly kind: 'exponential' })
  | (Common & {
      readonly kind: 'cosine';
      /** The step, counting warm-up, that reaches `finalLearningRate`. The rate stays there afterwards. */
      readonly steps: number;
      readonly finalLearningRate: number;
    });

export const scheduleKinds = ['constant', 'step', 'exponential', 'cosine'] as const;

/** A constant learning rate, or a schedule. */
export type LearningRate = number | Schedule;

/**
 * The learning rate of one step, in float64.
 * @param step counting from 0, over all epochs
 * @throws {ConfigurationError} for an invalid schedule or step
 */
export function learningRateAt(learningRate: LearningRate, step: number): number {
  if (typeof learningRate === 'number') return learningRate;
  const rate = scheduledRate(learningRate, step);
  if (Number.isFinite(rate)) return rate;
  requireSchedule(learningRate);
  throw new ConfigurationError(
    `step must be a non-negative integer; got ${show(step)}. Give the number of steps made so far.`,
  );
}

function scheduledRate(learningRate: Schedule, step: number): number {
  if (!isSchedule(learningRate) || typeof step !== 'number') return NaN;
  const { learningRate: highest, warmUpSteps } = learningRate;
  if (step < warmUpSteps) return (highest * (step + 1)) / warmUpSteps;
  const since = step - warmUpSteps;
  switch (learningRate.kind) {
    case 'constant':
      return highest;
    case 'step':
      return highest * learningRate.factor ** Math.floor(since / learningRate.every);
    case 'exponential':
      return highest * learningRate.factor ** (since / learningRate.every);
    case 'cosine': {
      const { steps, finalLearningRate } = learningRate;
      const done = Math.min(1, since / (steps - warmUpSteps));
      return (
        finalLearningRate + (highest - finalLearningRate) * 0.5 * (1 + Math.cos(Math.PI * done))
      );
    }
  }
}

/** The highest learning rate of a schedule. */
export function highestLearningRate(learningRate: LearningRate): number {
  return typeof learningRate === 'number' ? learningRate : learningRate.learningRate;
}

export interface CommonOptions {
  readonly learningRate: number;
  /** Default 0. */
  readonly warmUpSteps?: number | undefined;
}

const commonNames: OptionNames<CommonOptions> = { learningRate: true, warmUpSteps: true };

/**
 * A constant learning rate, after warm-up.
 * @throws {ConfigurationError} for values out of range
 */
export function constantRate(options: CommonOptions): Schedule {
  requireOptions('constantRate', options, commonNames);
  return { kind: 'constant', ...common(options) };
}

export interface DecayOptions extends CommonOptions {
  /** Steps between two decays, at least 1. */
  readonly every: number;
  /** Greater than 0, at most 1. */
  readonly factor: number;
}

const decayNames: OptionNames<DecayOptions> = { ...commonNames, every: true, factor: true };

/**
 * Multiplies the learning rate by `factor` after every `every` steps, like `torch.optim.lr_scheduler.StepLR`.
 * @throws {ConfigurationError} for values out of range
 */
export function stepDecay(options: DecayOptions): Schedule {
  requireOptions('stepDecay', options, decayNames);
  return { kind: 'step', ...common(options), ...decay(options) };
}

/**
 * Decays smoothly, with every step: learningRate·factor^(step/every).
 * @throws {ConfigurationError} for values out of range
 */
export function exponentialDecay(options: DecayOptions): Schedule {
  requireOptions('exponentialDecay', options, decayNames);
  return { kind: 'exponential', ...common(options), ...decay(options) };
}

export interface CosineOptions extends CommonOptions {
  /** The step, counting warm-up, at which the decay ends. */
  readonly steps: number;
  /** Default 0. */
  readonly finalLearningRate?: number | undefined;
}

const cosineNames: OptionNames<CosineOptions> = {
  ...commonNames,
  ...{ steps: true, finalLearningRate: true },
};

/**
 * Follows half a cosine from `learningRate` down to `finalLearningRate`, and stays there
 * (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", without the restarts).
 * @throws {ConfigurationError} for values out of range
 */
export function cosineDecay(options: CosineOptions): Schedule {
  requireOptions('cosineDecay', options, cosineNames);
  const { steps, finalLearningRate = 0 } = options;
  const shared = common(options);
  requireSteps('steps', steps, 1);
  if (steps <= shared.warmUpSteps) {
    throw new ConfigurationError(
      `steps of a cosine decay must be greater than warmUpSteps (${shared.warmUpSteps}); got ${steps}. ` +
        'Give fewer warm-up steps, or more steps.',
    );
  }
  const isFinal = typeof finalLearningRate === 'number' && finalLearningRate >= 0;
  if (!(isFinal && finalLearningRate <= shared.learningRate)) {
    throw new ConfigurationError(
      `finalLearningRate must be a number from 0 to learningRate (${shared.learningRate}); ` +
        `got ${show(finalLearningRate)}. Try 0.`,
    );
  }
  return { kind: 'cosine', ...shared, steps, finalLearningRate };
}

/** @throws {ConfigurationError} for a learning rate that is not a positive number */
export function requireLearningRate(learningRate: number): number {
  // Engines compute in float32, where 1e-50 is 0 and 1e50 is infinite.
  const rate = typeof learningRate === 'number' ? Math.fround(learningRate) : NaN;
  if (rate > 0 && Number.isFinite(rate)) return learningRate;
  throw new ConfigurationError(
    `learningRate must be a positive finite float32 number; got ${show(learningRate)}. Try 3 with sigmoid and squared error, 0.1 with ReLU and softmax.`,
  );
}

/** Whether the kind is known and all values are numbers. */
function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, ...numbers } = value as Partial<Schedule>;
  return (
    scheduleKinds.some((known) => known === kind) &&
    Object.values(numbers).every((one) => typeof one === 'number')
  );
}

/** @throws {ConfigurationError} unless one of the functions above could have created this schedule */
export function requireSchedule(value: Schedule): void {
  requireObject('A learning-rate schedule', value);
  if (!scheduleKinds.includes(value.kind)) {
    throw new ConfigurationError(
      `Unknown schedule kind ${show(value.kind)}. Create a schedule with constantRate(), stepDecay(), exponentialDecay() or cosineDecay().`,
    );
  }
  const { kind, ...options } = value;
  switch (kind) {
    case 'constant':
      constantRate(options);
      break;
    case 'step':
    case 'exponential':
      stepDecay(options as DecayOptions);
      break;
    case 'cosine':
      cosineDecay(options as CosineOptions);
      break;
  }
}

function common({ learningRate, warmUpSteps = 0 }: CommonOptions): Common {
  requireSteps('warmUpSteps', warmUpSteps, 0);
  return { learningRate: requireLearningRate(learningRate), warmUpSteps };
}

function decay({ every, factor }: DecayOptions): { every: number; factor: number } {
  requireSteps('every', every, 1);
  if (!(typeof factor === 'number' && factor > 0 && factor <= 1)) {
    throw new ConfigurationError(
      `factor must be a number in (0, 1]; got ${show(factor)}. Try 0.5.`,
    );
  }
  return { every, factor };
}

function requireSteps(what: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new ConfigurationError(
    `${what} must be an integer of at least ${min}; got ${show(value)}.`,
  );
}
