/**
 * How a gradient becomes an update: PyTorch's definitions, letter for letter, as data. The arithmetic stands in
 * `src/reference/update.ts`, `src/cpu/assembly/update.ts` and `shaders/optimizer.ts`.
 *
 * Weight decay takes hold of all parameters, biases too, as PyTorch's does unless told otherwise.
 */
import { ConfigurationError } from '../errors.ts';
import { requireObject, requireOptions, requireSwitch, show } from '../network/arguments.ts';
import { requireOneOf } from '../network/functions.ts';
import { requireLearningRate, requireSchedule, type LearningRate } from './schedules.ts';

/** `torch.optim.SGD`, without dampening. */
export interface Sgd {
  readonly kind: 'sgd';
  readonly learningRate: LearningRate;
  /** μ, from 0 (none) up to, not including, 1. */
  readonly momentum: number;
  /** Whether the step looks ahead along the velocity (Nesterov). */
  readonly nesterov: boolean;
  /** λ of the L2 penalty ½λ‖W‖², whose gradient λW is added; 0 for none. */
  readonly weightDecay: number;
}

/** `torch.optim.Adam` (kind `adam`) and `torch.optim.AdamW` (kind `adamW`), without AMSGrad. */
export interface Adam {
  readonly kind: 'adam' | 'adamW';
  readonly learningRate: LearningRate;
  /** Of the mean of gradients, from 0 up to, not including, 1. */
  readonly beta1: number;
  /** Of the mean of their squares. */
  readonly beta2: number;
  /** What the root of that mean is kept above. */
  readonly epsilon: number;
  /**
   * λ; 0 for none. `adam` adds λW to the gradient, so that it is divided like one; `adamW` takes learningRate·λ·W
   * off W instead, apart from the gradient.
   */
  readonly weightDecay: number;
}

/** Every optimizer there is; a union, so that engines handle each or do not compile. */
export type Optimizer = Sgd | Adam;

export interface SgdOptions {
  readonly learningRate: LearningRate;
  /** Default 0. */
  readonly momentum?: number | undefined;
  /** Default false; asks for a momentum greater than 0. */
  readonly nesterov?: boolean | undefined;
  /** Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * Stochastic gradient descent, with the mean gradient g of the mini-batch:
 *
 *     g ← g + λ·W        v ← μ·v + g        W ← W − learningRate·v
 *
 * and with Nesterov's momentum W ← W − learningRate·(g + μ·v).
 * @throws {ConfigurationError} for a learning rate that is not a positive number, a momentum outside [0, 1), a
 *   weight decay that is negative, or `nesterov` without momentum
 */
export function sgd(options: SgdOptions): Sgd {
  requireOptions('sgd', options, {
    ...{ learningRate: true, momentum: true, nesterov: true, weightDecay: true },
  });
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  requireRate(learningRate);
  requireSwitch('nesterov', nesterov);
  if (!(typeof momentum === 'number' && momentum >= 0 && Math.fround(momentum) < 1)) {
    throw new ConfigurationError(
      `Momentum is a number from 0 up to, not including, 1, and ${show(momentum)} was given. Try 0.9.`,
    );
  }
  if (nesterov && momentum === 0) {
    throw new ConfigurationError(
      "Nesterov's momentum was asked for, and the momentum is 0. Give a momentum greater than 0, 0.9 say.",
    );
  }
  requireWeightDecay(weightDecay);
  return { kind: 'sgd', learningRate, momentum, nesterov, weightDecay };
}

export interface AdamOptions {
  /** Default 0.001. */
  readonly learningRate?: LearningRate | undefined;
  /** Default 0.9. */
  readonly beta1?: number | undefined;
  /** Default 0.999. */
  readonly beta2?: number | undefined;
  /** Default 1e-8. */
  readonly epsilon?: number | undefined;
  /** Default 0 for `adam`, 0.01 for `adamW`. */
  readonly weightDecay?: number | undefined;
}

/**
 * Adam (Kingma and Ba, 2015), at step t counting from 1:
 *
 *     g ← g + λ·W        m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
 *     W ← W − learningRate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
 *
 * @throws {ConfigurationError} for values out of range
 */
export function adam(options: AdamOptions = {}): Adam {
  return adamOf('adam', options, 0);
}

/**
 * AdamW (Loshchilov and Hutter, 2019): Adam without λ in the gradient, after W ← W − learningRate·λ·W.
 * @throws {ConfigurationError} for values out of range
 */
export function adamW(options: AdamOptions = {}): Adam {
  return adamOf('adamW', options, 0.01);
}

function adamOf(kind: Adam['kind'], options: AdamOptions, usualDecay: number): Adam {
  requireOptions(kind, options, {
    ...{ learningRate: true, beta1: true, beta2: true, epsilon: true, weightDecay: true },
  });
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999 } = options;
  const { epsilon = 1e-8, weightDecay = usualDecay } = options;
  requireRate(learningRate);
  for (const [name, beta] of [
    ['beta1', beta1],
    ['beta2', beta2],
  ] as const) {
    if (typeof beta === 'number' && beta >= 0 && Math.fround(beta) < 1) continue;
    throw new ConfigurationError(
      `${name} is a number from 0 up to, not including, 1, and ${show(beta)} was given. Try ${name === 'beta1' ? 0.9 : 0.999}.`,
    );
  }
  // Below the smallest normal float32 a GPU may take it for 0, and divide 0 by 0.
  const rounded = float32(epsilon);
  if (!(rounded >= 2 ** -126 && Number.isFinite(rounded))) {
    throw new ConfigurationError(
      `epsilon is a finite float32 number of at least 2^-126, and ${show(epsilon)} was given. Try 1e-8.`,
    );
  }
  requireWeightDecay(weightDecay);
  return { kind, learningRate, beta1, beta2, epsilon, weightDecay };
}

/**
 * Refuses an optimizer that the functions above would not have made.
 * @throws {ConfigurationError}
 */
export function requireOptimizer(optimizer: Optimizer): void {
  requireObject('An optimizer', optimizer);
  const { kind, ...options } = optimizer;
  const makers = { sgd, adam, adamW };
  const make = makers[requireOneOf('optimizer', kind, ['sgd', 'adam', 'adamW'])];
  const made = make(options);
  // One made by hand may lack values that the function fills in.
  const given: Readonly<Record<string, unknown>> = { ...optimizer };
  const missing = Object.keys(made).find((name) => given[name] === undefined);
  if (missing === undefined) return;
  throw new ConfigurationError(
    `An optimizer of kind '${kind}' has ${missing}, and this one has not. Make it by ${kind}.`,
  );
}

/**
 * @param clipNorm the global 2-norm that a gradient is kept within
 * @throws {ConfigurationError} for one that is not a positive number
 */
export function requireClipNorm(clipNorm: number): number {
  const norm = float32(clipNorm);
  if (norm > 0 && Number.isFinite(norm)) return clipNorm;
  throw new ConfigurationError(
    `The norm to clip gradients to is a finite float32 number greater than 0, and ${show(clipNorm)} was given. Try 1.`,
  );
}

function requireRate(learningRate: LearningRate): void {
  if (typeof learningRate === 'number') requireLearningRate(learningRate);
  else requireSchedule(learningRate);
}

/** The nearest float32; NaN for anything but a number. */
function float32(value: number): number {
  return typeof value === 'number' ? Math.fround(value) : NaN;
}

function requireWeightDecay(weightDecay: number): void {
  const decay = float32(weightDecay);
  if (decay >= 0 && Number.isFinite(decay)) return;
  throw new ConfigurationError(
    `Weight decay is a finite float32 number of at least 0, and ${show(weightDecay)} was given. Try 0.0001.`,
  );
}
