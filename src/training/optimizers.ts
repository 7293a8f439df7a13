import { ConfigurationError } from '../errors.ts';

/**
 * How a gradient becomes an update. With momentum it is PyTorch's form:
 * v ← μ·v + dW, then W ← W − learningRate·v; without, W ← W − learningRate·dW.
 */
export interface Sgd {
  readonly kind: 'sgd';
  readonly learningRate: number;
  /** μ, from 0 (none) up to, not including, 1. */
  readonly momentum: number;
}

/** Every optimizer there is; a union, so that engines handle each or do not compile. */
export type Optimizer = Sgd;

/**
 * Stochastic gradient descent.
 * @throws {ConfigurationError} for a learning rate that is not a positive number, or a momentum outside [0, 1)
 */
export function sgd(options: { learningRate: number; momentum?: number }): Sgd {
  const { learningRate, momentum = 0 } = options;
  // Engines compute in float32, where 1e-50 is 0 and 1e50 infinite.
  const rate = Math.fround(learningRate);
  if (!(rate > 0 && Number.isFinite(rate))) {
    throw new ConfigurationError(
      `A learning rate is a finite float32 number greater than 0, and ${learningRate} was given. Try 3 with sigmoid and squared error, 0.1 with ReLU and softmax.`,
    );
  }
  if (!(momentum >= 0 && Math.fround(momentum) < 1)) {
    throw new ConfigurationError(
      `Momentum is a number from 0 up to, not including, 1, and ${momentum} was given. Try 0.9.`,
    );
  }
  return { kind: 'sgd', learningRate, momentum };
}
