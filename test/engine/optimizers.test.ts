import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { adam, adamW, sgd } from '../../src/engine/optimizers.ts';
import { requireClipNorm } from '../../src/engine/optimizers/registry.ts';
import { cosineDecay } from '../../src/engine/schedules.ts';

describe('sgd', () => {
  it('has no momentum and no weight decay unless asked for', () => {
    expect(sgd({ learningRate: 3 })).toEqual({
      kind: 'sgd',
      learningRate: 3,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    });
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

  it('refuses Nesterov without momentum, of which it is a form', () => {
    expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow(
      new ConfigurationError(
        "Nesterov's momentum was asked for, and the momentum is 0. Give a momentum greater than 0, 0.9 say.",
      ),
    );
  });
});

describe('adam and adamW', () => {
  it("have PyTorch's defaults", () => {
    const shared = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    expect(adam()).toEqual({ kind: 'adam', ...shared, weightDecay: 0 });
    expect(adamW()).toEqual({ kind: 'adamW', ...shared, weightDecay: 0.01 });
  });

  it('take a schedule for a learning rate', () => {
    const learningRate = cosineDecay({ learningRate: 0.01, steps: 10 });
    expect(adam({ learningRate }).learningRate).toBe(learningRate);
  });

  it.each([
    [{ learningRate: 0 }, 'greater than 0, and 0 was given'],
    [{ beta1: 1 }, 'beta1 is a number from 0 up to, not including, 1, and 1 was given. Try 0.9.'],
    [{ beta2: -0.5 }, 'beta2 is a number from 0 up to, not including, 1, and -0.5 was given.'],
    [{ beta2: 1 - 1e-12 }, 'beta2 is a number'],
    [{ epsilon: 0 }, 'epsilon is a finite float32 number of at least 2^-126, and 0 was given.'],
    [{ epsilon: 1e-40 }, 'and 1e-40 was given'],
    [{ weightDecay: -1 }, 'weightDecay must be a finite float32 number of at least 0; got -1'],
    [{ weightDecay: 1e39 }, 'got 1e+39'],
  ])('refuse %j', (options, message) => {
    for (const make of [adam, adamW]) {
      expect(() => make(options)).toThrow(ConfigurationError);
      expect(() => make(options)).toThrow(message);
    }
  });
});

describe('a norm to clip to', () => {
  it('is a positive number', () => {
    expect(requireClipNorm(0.5)).toBe(0.5);
    for (const wrong of [0, -1, NaN, Infinity, 1e-50]) {
      expect(() => requireClipNorm(wrong)).toThrow(
        `The norm to clip gradients to is a finite float32 number greater than 0, and ${wrong} was given. Try 1.`,
      );
    }
  });
});
