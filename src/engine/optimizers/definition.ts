/** What an optimizer is to the engines and checks. CONTRIBUTING.md walks through adding one. */
import { ConfigurationError } from '../../errors.ts';
import { tiny, unit } from '../../network/activations.ts';
import { show } from '../../network/arguments.ts';
import { requireLearningRate, requireSchedule, type LearningRate } from '../schedules.ts';

export { tiny, unit };

/** Where training is, and the learning rate there. */
export interface StepAt {
  readonly learningRate: number;
  /** Counting from 1, over all epochs. */
  readonly t: number;
}

/** What optimizers keep for each parameter, 0 at the start: v of SGD first, or m and v of Adam. */
export type Moments = readonly [Float64Array, Float64Array];

/** The numbers of one step for the CPU's kernels: `UpdateScalars` in `src/cpu/assembly/update.ts`. */
export interface SimdScalars {
  readonly kind: number;
  /** In the order of the structure's fields, from `rate` on. */
  readonly floats: readonly number[];
}

/** One parameter before its step, in float64. */
export interface ParameterBefore {
  readonly parameter: number;
  /** As the optimizer has them, v or m and v. */
  readonly moments: readonly number[];
  /** True gradient, and how far the kernel's may be from it. */
  readonly gradient: number;
  readonly gradientError: number;
}

export interface StepBound {
  readonly parameter: number;
  readonly moments: readonly number[];
}

/** What a command line or a page says of an optimizer. */
export interface NamedSettings {
  readonly learningRate: LearningRate;
  /** 0 unless the name takes a momentum. */
  readonly momentum: number;
  readonly weightDecay?: number | undefined;
}

/** An optimizer under a name that users know it by. */
export interface NamedOptimizer<O> {
  readonly takesMomentum?: true;
  /** The learning rate to start with; where it is missing, it depends on the network. */
  readonly learningRate?: number;
  readonly create: (settings: NamedSettings) => O;
}

export interface OptimizerDefinition<O> {
  /** float32 that it keeps for each parameter. */
  readonly momentCount: (optimizer: O) => 0 | 1 | 2;
  /** One step in float64, in place, over any run of parameters; `gradient` is the mean over the mini-batch. */
  readonly update: (
    optimizer: O,
    at: StepAt,
    parameters: Float64Array,
    gradient: ArrayLike<number>,
    moments: Moments,
  ) => void;
  /** What differs from step to step, at most four numbers: `rate.x` to `rate.w` of the WGSL. */
  readonly scalars: (optimizer: O, at: StepAt) => readonly number[];
  /**
   * Body of `fn applyGradient(index: u32, gradient: vec4f, rate: vec4f) -> bool`. It moves `parameters[index]` and, where the
   * optimizer keeps any, `moments[momentCount·index …]`, and returns whether the new values are finite. What stays for a whole
   * run is written into it. Padding must stay 0: gradient, parameter and moments are 0 there.
   */
  readonly wgsl: (optimizer: O) => string;
  readonly simd: (optimizer: O, at: StepAt) => SimdScalars;
  /** How far one float32 step, on a gradient that is itself off, may be from the float64 step. */
  readonly bound: (optimizer: O, at: StepAt, before: ParameterBefore) => StepBound;
  readonly named: Readonly<Record<string, NamedOptimizer<O>>>;
}

/** The gradient with its L2 penalty, and its error: one product, one sum, one rounded constant. */
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

/** The nearest float32; NaN for anything but a number. */
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
