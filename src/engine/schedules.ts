/**
 * Learning rates that change while training goes on. A schedule is data, and its learning rate a pure function of
 * the steps made so far: so every engine follows the same one, and a run that goes on where it stopped does too.
 */
import { ConfigurationError } from '../errors.ts';
import { requireObject, requireOptions, show, type OptionNames } from '../network/arguments.ts';

/** What every schedule has. */
export interface Common {
  /** The highest there is: where warm-up ends and the decay begins. */
  readonly learningRate: number;
  /**
   * Steps over which the learning rate rises to `learningRate`, by the same amount with each: step t of them, from
   * 1, has t/warmUpSteps of it. The decay counts its steps from the end of warm-up on. 0 for none.
   */
  readonly warmUpSteps: number;
}

/** A decay that multiplies by `factor` with every `every` steps. */
export interface Decay extends Common {
  readonly every: number;
  readonly factor: number;
}

/** How the learning rate changes; a union, plain data. */
export type Schedule =
  | (Common & { readonly kind: 'constant' })
  | (Decay & { readonly kind: 'step' })
  | (Decay & { readonly kind: 'exponential' })
  | (Common & {
      readonly kind: 'cosine';
      /** The step of the whole run, warm-up included, from which on the learning rate is `finalLearningRate`. */
      readonly steps: number;
      readonly finalLearningRate: number;
    });

export const scheduleKinds = ['constant', 'step', 'exponential', 'cosine'] as const;

/** A learning rate for good, or how it changes. */
export type LearningRate = number | Schedule;

/**
 * The learning rate of one step, in float64.
 * @param step counting from 0, over all epochs
 * @throws {ConfigurationError} for a schedule or a step that makes no sense
 */
export function learningRateAt(learningRate: LearningRate, step: number): number {
  if (typeof learningRate === 'number') return learningRate;
  const rate = scheduledRate(learningRate, step);
  if (Number.isFinite(rate)) return rate;
  requireSchedule(learningRate);
  throw new ConfigurationError(
    `A step is a whole number of at least 0, and ${show(step)} was given. Give the steps made so far.`,
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

/** The highest learning rate there will be. */
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
 * The same learning rate for good, after warm-up.
 * @throws {ConfigurationError} for values that make no sense; as all schedules
 */
export function constantRate(options: CommonOptions): Schedule {
  requireOptions('constantRate', options, commonNames);
  return { kind: 'constant', ...common(options) };
}

export interface DecayOptions extends CommonOptions {
  /** Steps, at least 1. */
  readonly every: number;
  /** Greater than 0, at most 1. */
  readonly factor: number;
}

const decayNames: OptionNames<DecayOptions> = { ...commonNames, every: true, factor: true };

/** Multiplied by `factor` after every `every` steps, as `torch.optim.lr_scheduler.StepLR` does. */
export function stepDecay(options: DecayOptions): Schedule {
  requireOptions('stepDecay', options, decayNames);
  return { kind: 'step', ...common(options), ...decay(options) };
}

/** The same decay without its stairs: learningRate·factor^(step/every), after every step. */
export function exponentialDecay(options: DecayOptions): Schedule {
  requireOptions('exponentialDecay', options, decayNames);
  return { kind: 'exponential', ...common(options), ...decay(options) };
}

export interface CosineOptions extends CommonOptions {
  /** The step of the whole run, warm-up included, at which it ends. */
  readonly steps: number;
  /** Default 0. */
  readonly finalLearningRate?: number | undefined;
}

const cosineNames: OptionNames<CosineOptions> = {
  ...commonNames,
  ...{ steps: true, finalLearningRate: true },
};

/**
 * Half a cosine from `learningRate` down to `finalLearningRate`, which stays
 * (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", without the restarts).
 */
export function cosineDecay(options: CosineOptions): Schedule {
  requireOptions('cosineDecay', options, cosineNames);
  const { steps, finalLearningRate = 0 } = options;
  const shared = common(options);
  requireSteps('steps of a cosine decay', steps, 1);
  if (steps <= shared.warmUpSteps) {
    throw new ConfigurationError(
      `A cosine decay that ends at step ${steps} leaves nothing after ${shared.warmUpSteps} steps of warm-up. ` +
        'Give fewer steps of warm-up, or more steps.',
    );
  }
  const isFinal = typeof finalLearningRate === 'number' && finalLearningRate >= 0;
  if (!(isFinal && finalLearningRate <= shared.learningRate)) {
    throw new ConfigurationError(
      `The final learning rate of a cosine decay is a number from 0 up to the first (${shared.learningRate}), ` +
        `and ${show(finalLearningRate)} was given. Try 0.`,
    );
  }
  return { kind: 'cosine', ...shared, steps, finalLearningRate };
}

/** @throws {ConfigurationError} for a learning rate that is not a positive number */
export function requireLearningRate(learningRate: number): number {
  // Engines compute in float32, where 1e-50 is 0 and 1e50 infinite.
  const rate = typeof learningRate === 'number' ? Math.fround(learningRate) : NaN;
  if (rate > 0 && Number.isFinite(rate)) return learningRate;
  throw new ConfigurationError(
    `A learning rate is a finite float32 number greater than 0, and ${show(learningRate)} was given. Try 3 with sigmoid and squared error, 0.1 with ReLU and softmax.`,
  );
}

/** Whether it is of a known kind, and all its values are numbers. */
function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, ...numbers } = value as Partial<Schedule>;
  return (
    scheduleKinds.some((known) => known === kind) &&
    Object.values(numbers).every((one) => typeof one === 'number')
  );
}

/**
 * Refuses a schedule that the functions above would not have made.
 * @throws {ConfigurationError}
 */
export function requireSchedule(value: Schedule): void {
  requireObject('A learning rate that is no number', value);
  if (!scheduleKinds.includes(value.kind)) {
    throw new ConfigurationError(
      `A learning rate is a number or a schedule, and a schedule of kind ${show(value.kind)} was given. Make one by constantRate, stepDecay, exponentialDecay or cosineDecay.`,
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
  requireSteps('steps of warm-up', warmUpSteps, 0);
  return { learningRate: requireLearningRate(learningRate), warmUpSteps };
}

function decay({ every, factor }: DecayOptions): { every: number; factor: number } {
  requireSteps('steps between two decays', every, 1);
  if (!(typeof factor === 'number' && factor > 0 && factor <= 1)) {
    throw new ConfigurationError(
      `The factor of a decay is a number greater than 0 and at most 1, and ${show(factor)} was given. Try 0.5.`,
    );
  }
  return { every, factor };
}

function requireSteps(what: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new ConfigurationError(
    `The number of ${what} is a whole number of at least ${min}, and ${show(value)} was given.`,
  );
}
