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
        `learningRate must be a positive finite float32 number; got ${learningRate}. ` +
          'Try 3 with sigmoid and squared error, 0.1 with ReLU and softmax.',
      ),
    );
  });

  it.each([-0.1, 1, 1 - 1e-12, NaN])('refuses the momentum %d', (momentum) => {
    expect(() => sgd({ learningRate: 1, momentum })).toThrow(
      new ConfigurationError(`momentum must be a number in [0, 1); got ${momentum}. Try 0.9.`),
    );
  });

  it('refuses Nesterov without momentum, of which it is a form', () => {
    expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow(
      new ConfigurationError('nesterov requires a momentum greater than 0; got 0. Try 0.9.'),
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
    [{ learningRate: 0 }, 'learningRate must be a positive finite float32 number; got 0.'],
    [{ beta1: 1 }, 'beta1 must be a number in [0, 1); got 1. Try 0.9.'],
    [{ beta2: -0.5 }, 'beta2 must be a number in [0, 1); got -0.5.'],
    [{ beta2: 1 - 1e-12 }, 'beta2 must be a number'],
    [{ epsilon: 0 }, 'epsilon must be a finite float32 number of at least 2^-126; got 0.'],
    [{ epsilon: 1e-40 }, 'got 1e-40.'],
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
        `clipNorm must be a positive finite float32 number; got ${wrong}. Try 1.`,
      );
    }
  });
});
