/** How far one optimizer step in float32, on a gradient that is itself off, may be from the step in float64. */
import type { Adam, Optimizer, Sgd } from '../../engine/optimizers.ts';
import { learningRateAt } from '../../engine/schedules.ts';
import { tiny, unit } from './bounds.ts';

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

/** @param step of the whole training, counting from 0 */
export function optimizerBound(
  optimizer: Optimizer,
  step: number,
  before: ParameterBefore,
): StepBound {
  const learningRate = learningRateAt(optimizer.learningRate, step);
  return optimizer.kind === 'sgd'
    ? sgdBound(optimizer, learningRate, before)
    : adamBound(optimizer, learningRate, step + 1, before);
}

/** The gradient with its L2 penalty, and its error: one product, one sum, one rounded constant. */
function penalized(weightDecay: number, { parameter, gradient, gradientError }: ParameterBefore) {
  const penalty = weightDecay * parameter;
  return {
    g: gradient + penalty,
    gError: gradientError + 3 * unit * (Math.abs(gradient) + Math.abs(penalty)),
  };
}

function sgdBound(
  { momentum, nesterov, weightDecay }: Sgd,
  learningRate: number,
  before: ParameterBefore,
): StepBound {
  const { g, gError } = penalized(weightDecay, before);
  const carried = momentum * (before.moments[0] ?? 0);
  const v = carried + g;
  const vError = gError + 3 * unit * (Math.abs(carried) + Math.abs(g));
  const ahead = nesterov ? momentum * v + g : v;
  const aheadError = nesterov
    ? gError + momentum * vError + 3 * unit * (Math.abs(momentum * v) + Math.abs(g))
    : vError;
  const after = before.parameter - learningRate * ahead;
  return {
    parameter:
      learningRate * (aheadError + 3 * unit * Math.abs(ahead)) + 2 * unit * Math.abs(after) + tiny,
    moments: momentum > 0 ? [vError] : [],
  };
}

function adamBound(
  { kind, beta1, beta2, epsilon, weightDecay }: Adam,
  learningRate: number,
  t: number,
  before: ParameterBefore,
): StepBound {
  const { g, gError } = penalized(kind === 'adam' ? weightDecay : 0, before);
  const shrunk = kind === 'adamW' ? learningRate * weightDecay * before.parameter : 0;
  const [m0 = 0, v0 = 0] = before.moments;

  // WGSL leaves open which way a result is rounded: one rounding is up to 2 units.
  const m = m0 + (1 - beta1) * (g - m0);
  const mError =
    (1 - beta1) * (gError + 3 * unit * (Math.abs(g) + Math.abs(m0))) + 2 * unit * Math.abs(m);
  const v = v0 + (1 - beta2) * (g * g - v0);
  const squareError = 2 * Math.abs(g) * gError + gError ** 2;
  const vError = (1 - beta2) * (squareError + 4 * unit * (g * g + v0)) + 2 * unit * v + tiny;

  const size = learningRate / (1 - beta1 ** t);
  const correction = 1 / Math.sqrt(1 - beta2 ** t);
  const root = Math.sqrt(v) * correction;
  // The root of a float32 may be 4.5 ULP off: WGSL has it inherit from 1 / inverseSqrt.
  const rootError =
    correction *
      Math.max(
        Math.sqrt(v + vError) - Math.sqrt(v),
        Math.sqrt(v) - Math.sqrt(Math.max(0, v - vError)),
      ) +
    12 * unit * root;
  const divisor = root + epsilon;
  const quotient = m / divisor;
  const quotientError =
    (mError + Math.abs(quotient) * (rootError + 2 * unit * divisor)) /
      Math.max(epsilon / 2, divisor - rootError) +
    8 * unit * Math.abs(quotient);
  const after = before.parameter - shrunk - size * quotient;
  return {
    parameter:
      size * quotientError +
      unit * (Math.abs(before.parameter) + 2 * Math.abs(shrunk)) +
      2 * unit * Math.abs(after) +
      tiny,
    moments: [mError, vError],
  };
}
