/** The definition of an optimizer for engines and checks. CONTRIBUTING.md walks through adding one. */
import { ConfigurationError } from '../../errors.ts';
import { tiny, unit } from '../../network/activations.ts';
import { show } from '../../network/arguments.ts';
import { requireLearningRate, requireSchedule, type LearningRate } from '../schedules.ts';

export { tiny, unit };

/** The number of a step and its learning rate. */
export interface StepAt {
  readonly learningRate: number;
  /** Counting from 1, over all epochs. */
  readonly t: number;
}

/** The optimizer's state for each parameter, initially 0: [v, unused] of SGD, [m, v] of Adam. */
export type Moments = readonly [Float64Array, Float64Array];

/** The numbers of one step for the CPU's kernels: `UpdateScalars` in `src/cpu/assembly/update.ts`. */
export interface SimdScalars {
  readonly kind: number;
  /** The structure's fields from `rate` on, in order. */
  readonly floats: readonly number[];
}

/** One parameter before its step, in float64. */
export interface ParameterBefore {
  readonly parameter: number;
  /** [v] of SGD, [m, v] of Adam. */
  readonly moments: readonly number[];
  /** The exact gradient. */
  readonly gradient: number;
  /** Maximum error of the kernel's gradient. */
  readonly gradientError: number;
}

export interface StepBound {
  readonly parameter: number;
  readonly moments: readonly number[];
}

/** Settings of an optimizer on the command line and the page. */
export interface NamedSettings {
  readonly learningRate: LearningRate;
  /** 0 unless the name takes a momentum. */
  readonly momentum: number;
  readonly weightDecay?: number | undefined;
}

/** An optimizer under its name on the command line and the page. */
export interface NamedOptimizer<O> {
  readonly takesMomentum?: true;
  /** The default learning rate. If it is missing, the default depends on the network. */
  readonly learningRate?: number;
  readonly create: (settings: NamedSettings) => O;
}

export interface OptimizerDefinition<O> {
  /** Number of float32 values that the optimizer keeps for each parameter. */
  readonly momentCount: (optimizer: O) => 0 | 1 | 2;
  /** Makes one step in float64, in place, on any range of parameters. `gradient` is the mean over the mini-batch. */
  readonly update: (
    optimizer: O,
    at: StepAt,
    parameters: Float64Array,
    gradient: ArrayLike<number>,
    moments: Moments,
  ) => void;
  /** The values that differ from step to step, at most four: `rate.x` to `rate.w` of the WGSL. */
  readonly scalars: (optimizer: O, at: StepAt) => readonly number[];
  /**
   * Body of `fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) -> bool`. It updates `parameters[index]` and
   * the moments at `moments[momentCount·index …]`, and returns whether the new values are finite. Values that are
   * constant for a run are literals in the text. Padding must stay 0: gradient, parameter and moments are 0 there.
   */
  readonly wgsl: (optimizer: O) => string;
  readonly simd: (optimizer: O, at: StepAt) => SimdScalars;
  /** Maximum error of one float32 step against the float64 step, including the error of its gradient. */
  readonly bound: (optimizer: O, at: StepAt, before: ParameterBefore) => StepBound;
  readonly named: Readonly<Record<string, NamedOptimizer<O>>>;
}

/** The gradient with its L2 penalty, and its error. The error is from one product, one sum and one rounded constant. */
export function penalized(
  weightDecay: number,
  { parameter, gradient, gradientError }: ParameterBefore,
): { readonly g: number; readonly gError: number } {
  const penalty = weightDecay * parameter;
  return {
    g: gradient + penalty,
    gError: gradientError + 3 * unit * (Math.abs(gradient) + Math.abs(penalty)),
  };
}

export function requireRate(learningRate: LearningRate): void {
  if (typeof learningRate === 'number') requireLearningRate(learningRate);
  else requireSchedule(learningRate);
}

/** The nearest float32; NaN if `value` is not a number. */
export function float32(value: number): number {
  return typeof value === 'number' ? Math.fround(value) : NaN;
}

export function requireWeightDecay(weightDecay: number): void {
  const decay = float32(weightDecay);
  if (decay >= 0 && Number.isFinite(decay)) return;
  throw new ConfigurationError(
    `weightDecay must be a finite float32 number of at least 0; got ${show(weightDecay)}. Try 0.0001.`,
  );
}
