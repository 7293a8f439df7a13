import { ConfigurationError } from '../../errors.ts';
import { requireOptions, show } from '../../network/arguments.ts';
import type { LearningRate } from '../schedules.ts';
import {
  float32,
  penalized,
  requireRate,
  requireWeightDecay,
  tiny,
  unit,
  type OptimizerDefinition,
} from './definition.ts';

/** `torch.optim.Adam` (kind `adam`) and `torch.optim.AdamW` (kind `adamW`), without AMSGrad. */
export interface Adam {
  readonly kind: 'adam' | 'adamW';
  readonly learningRate: LearningRate;
  /** Decay of the mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay of the mean of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the root of the mean square, so that the division is safe. */
  readonly epsilon: number;
  /**
   * λ; 0 disables it. `adam` adds λW to the gradient. `adamW` instead subtracts learningRate·λ·W from W, separate from
   * the gradient.
   */
  readonly weightDecay: number;
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
 * AdamW (Loshchilov and Hutter, 2019): first W ← W − learningRate·λ·W, then Adam without λ in the gradient.
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
      `${name} must be a number in [0, 1); got ${show(beta)}. Try ${name === 'beta1' ? 0.9 : 0.999}.`,
    );
  }
  // A GPU may flush a subnormal float32 to 0, and then divide 0 by 0.
  const rounded = float32(epsilon);
  if (!(rounded >= 2 ** -126 && Number.isFinite(rounded))) {
    throw new ConfigurationError(
      `epsilon must be a finite float32 number of at least 2^-126; got ${show(epsilon)}. Try 1e-8.`,
    );
  }
  requireWeightDecay(weightDecay);
  return { kind, learningRate, beta1, beta2, epsilon, weightDecay };
}

export const adamDefinition: OptimizerDefinition<Adam> = {
  momentCount: () => 2,

  update(optimizer, { learningRate, t }, parameters, gradient, [mean, meanSquare]) {
    const { kind, beta1, beta2, epsilon, weightDecay } = optimizer;
    for (let i = 0; i < parameters.length; i++) {
      let g = gradient[i]!;
      if (kind === 'adam') g += weightDecay * parameters[i]!;
      else parameters[i]! -= learningRate * weightDecay * parameters[i]!;
      const m = beta1 * mean[i]! + (1 - beta1) * g;
      const v = beta2 * meanSquare[i]! + (1 - beta2) * g * g;
      mean[i] = m;
      meanSquare[i] = v;
      const root = Math.sqrt(v) / Math.sqrt(1 - beta2 ** t);
      parameters[i]! -= ((learningRate / (1 - beta1 ** t)) * m) / (root + epsilon);
    }
  },

  scalars: ({ beta1, beta2, weightDecay }, { learningRate, t }) => [
    learningRate / (1 - beta1 ** t),
    1 / Math.sqrt(1 - beta2 ** t),
    learningRate * weightDecay,
  ],

  // Means are updated as m + (1 − β)(g − m) instead of β·m + (1 − β)·g. Float32 rounds 0.999 by up to 1e-8, which is a
  // relative error of 1e-5 in 1 − 0.999; β and 1 − β would then not add up to 1.
  wgsl({ kind, beta1, beta2, epsilon, weightDecay }) {
    const isPenalized = kind === 'adam' && weightDecay > 0;
    const shrinks = kind === 'adamW' && weightDecay > 0;
    return `  var w = parameters[index];
  let g = ${isPenalized ? `fma(vec4f(${weightDecay}), w, gradient)` : 'gradient'};
${shrinks ? '  w = fma(vec4f(-rate.z), w, w);\n' : ''}  var m = moments[2u * index];
  var v = moments[2u * index + 1u];
  m = fma(vec4f(${1 - beta1}), g - m, m);
  v = fma(vec4f(${1 - beta2}), fma(g, g, -v), v);
  moments[2u * index] = m;
  moments[2u * index + 1u] = v;
  w -= rate.x * m / fma(sqrt(v), vec4f(rate.y), vec4f(${epsilon}));
  parameters[index] = w;
  // An infinite v would never let the parameter move again.
  return isFinite(w) && isFinite(v);`;
  },

  simd: ({ kind, beta1, beta2, epsilon, weightDecay }, { learningRate, t }) => ({
    kind: 3,
    floats: [
      learningRate / (1 - beta1 ** t),
      kind === 'adam' ? weightDecay : 0,
      kind === 'adamW' ? 1 - learningRate * weightDecay : 1,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      1 / Math.sqrt(1 - beta2 ** t),
      epsilon,
    ],
  }),

  bound({ kind, beta1, beta2, epsilon, weightDecay }, { learningRate, t }, before) {
    const { g, gError } = penalized(kind === 'adam' ? weightDecay : 0, before);
    const shrunk = kind === 'adamW' ? learningRate * weightDecay * before.parameter : 0;
    const [m0 = 0, v0 = 0] = before.moments;

    // WGSL does not specify the rounding direction, so one rounding is an error of up to 2 units.
    const m = m0 + (1 - beta1) * (g - m0);
    const mError =
      (1 - beta1) * (gError + 3 * unit * (Math.abs(g) + Math.abs(m0))) + 2 * unit * Math.abs(m);
    const v = v0 + (1 - beta2) * (g * g - v0);
    const squareError = 2 * Math.abs(g) * gError + gError ** 2;
    const vError = (1 - beta2) * (squareError + 4 * unit * (g * g + v0)) + 2 * unit * v + tiny;

    const size = learningRate / (1 - beta1 ** t);
    const correction = 1 / Math.sqrt(1 - beta2 ** t);
    const root = Math.sqrt(v) * correction;
    // WGSL's sqrt inherits its accuracy from 1 / inverseSqrt, so it may be 4.5 ULP off.
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
  },

  named: {
    adam: {
      learningRate: 0.001,
      create: ({ learningRate, weightDecay }) => adam({ learningRate, weightDecay }),
    },
    adamw: {
      learningRate: 0.001,
      create: ({ learningRate, weightDecay }) => adamW({ learningRate, weightDecay }),
    },
  },
};
