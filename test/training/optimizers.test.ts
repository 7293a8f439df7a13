import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { sgd } from '../../src/training/optimizers.ts';

describe('sgd', () => {
  it('has no momentum unless asked for', () => {
    expect(sgd({ learningRate: 3 })).toEqual({ kind: 'sgd', learningRate: 3, momentum: 0 });
  });

  it.each([0, -1, NaN, Infinity, 1e-50, 1e50])('refuses the learning rate %d', (learningRate) => {
    expect(() => sgd({ learningRate })).toThrow(
      new ConfigurationError(
        `A learning rate is a finite float32 number greater than 0, and ${learningRate} was given. ` +
          'Try 3 with sigmoid and squared error, 0.1 with ReLU and softmax.',
      ),
    );
  });

  it.each([-0.1, 1, 1 - 1e-12, NaN])('refuses the momentum %d', (momentum) => {
    expect(() => sgd({ learningRate: 1, momentum })).toThrow(
      new ConfigurationError(
        `Momentum is a number from 0 up to, not including, 1, and ${momentum} was given. Try 0.9.`,
      ),
    );
  });
});
