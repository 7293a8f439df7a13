import { ConfigurationError } from '../../errors.ts';
import { requireOptions, requireSwitch, show } from '../../network/arguments.ts';
import type { LearningRate } from '../schedules.ts';
import {
  penalized,
  requireRate,
  requireWeightDecay,
  tiny,
  unit,
  type OptimizerDefinition,
} from './definition.ts';

/** `torch.optim.SGD`, without dampening. */
export interface Sgd {
  readonly kind: 'sgd';
  readonly learningRate: LearningRate;
  /** μ in [0, 1); 0 disables it. */
  readonly momentum: number;
  /** Whether to use Nesterov's momentum, which looks ahead along the velocity. */
  readonly nesterov: boolean;
  /** λ of the L2 penalty ½λ‖W‖², which adds λW to the gradient; 0 disables it. */
  readonly weightDecay: number;
}

export interface SgdOptions {
  readonly learningRate: LearningRate;
  /** Default 0. */
  readonly momentum?: number | undefined;
  /** Default false. Requires a momentum greater than 0. */
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
 * @throws {ConfigurationError} for a learning rate that is not positive, a momentum outside [0, 1), a negative weight
 *   decay, or `nesterov` without momentum
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
      `momentum must be a number in [0, 1); got ${show(momentum)}. Try 0.9.`,
    );
  }
  if (nesterov && momentum === 0) {
    throw new ConfigurationError('nesterov requires a momentum greater than 0; got 0. Try 0.9.');
  }
  requireWeightDecay(weightDecay);
  return { kind: 'sgd', learningRate, momentum, nesterov, weightDecay };
}

export const sgdDefinition: OptimizerDefinition<Sgd> = {
  momentCount: ({ momentum }) => (momentum > 0 ? 1 : 0),

  update({ momentum, nesterov, weightDecay }, { learningRate }, parameters, gradient, [velocity]) {
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i]! + weightDecay * parameters[i]!;
      let direction = g;
      if (momentum > 0) {
        const v = momentum * velocity[i]! + g;
        velocity[i] = v;
        direction = nesterov ? g + momentum * v : v;
      }
      parameters[i]! -= learningRate * direction;
    }
  },

  scalars: (_, { learningRate }) => [learningRate],

  wgsl({ momentum, nesterov, weightDecay }) {
    const penalty = weightDecay > 0 ? `fma(vec4f(${weightDecay}), w, gradient)` : 'gradient';
    const velocity = `fma(vec4f(${momentum}), moments[index], g)`;
    const direction = nesterov ? `fma(vec4f(${momentum}), v, g)` : 'v';
    return `  let w = parameters[index];
  let g = ${penalty};
${
  momentum > 0
    ? `  let v = ${velocity};
  moments[index] = v;
  let direction = ${direction};`
    : '  let direction = g;'
}
  let moved = w - rate.x * direction;
  parameters[index] = moved;
  return isFinite(moved);`;
  },

  simd: ({ momentum, nesterov, weightDecay }, { learningRate }) => ({
    kind: momentum === 0 ? 0 : nesterov ? 2 : 1,
    floats: [learningRate, weightDecay, 1, momentum],
  }),

  bound({ momentum, nesterov, weightDecay }, { learningRate }, before) {
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
        learningRate * (aheadError + 3 * unit * Math.abs(ahead)) +
        2 * unit * Math.abs(after) +
        tiny,
      moments: momentum > 0 ? [vError] : [],
    };
  },

  named: {
    sgd: { create: ({ learningRate, weightDecay }) => sgd({ learningRate, weightDecay }) },
    momentum: { takesMomentum: true, create: (settings) => sgd(settings) },
    nesterov: { takesMomentum: true, create: (settings) => sgd({ ...settings, nesterov: true }) },
  },
};
