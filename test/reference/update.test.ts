import { describe, expect, it } from 'vitest';
import { update, type Moments } from '../../src/reference/update.ts';
import { adam, adamW, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { stepDecay } from '../../src/engine/schedules.ts';

function noMoments(length = 1): Moments {
  return [new Float64Array(length), new Float64Array(length)];
}

/** The parameter after each of these gradients. */
function trace(optimizer: Optimizer, start: number, gradients: readonly number[]): number[] {
  const parameters = Float64Array.of(start);
  const moments = noMoments();
  return gradients.map((g, step) => {
    update(parameters, [g], moments, optimizer, step);
    return parameters[0]!;
  });
}

describe('SGD', () => {
  it('without momentum takes learningRate·gradient off, and leaves the moments alone', () => {
    const parameters = Float64Array.of(1, 2);
    const moments = [Float64Array.of(7, 7), Float64Array.of(7, 7)] as const;
    update(parameters, [4, -8], moments, sgd({ learningRate: 0.25 }), 0);
    expect([...parameters]).toEqual([0, 4]);
    expect(moments.map((moment) => [...moment])).toEqual([
      [7, 7],
      [7, 7],
    ]);
  });

  it("with momentum follows PyTorch's v ← μv + g, W ← W − lr·v", () => {
    const optimizer = sgd({ learningRate: 0.5, momentum: 0.5 });
    expect(trace(optimizer, 10, [4, 2, 0])).toEqual([8, 6, 5]);
  });

  it('with Nesterov looks ahead: W ← W − lr·(g + μv)', () => {
    // v: 4, 4, 2; g + μv: 6, 4, 1
    const optimizer = sgd({ learningRate: 0.5, momentum: 0.5, nesterov: true });
    expect(trace(optimizer, 10, [4, 2, 0])).toEqual([7, 5, 4.5]);
  });

  it('adds λW to the gradient before the momentum sees it', () => {
    // g: 0 + ¼·8 = 2, v = 2, W = 7; g = 1.75, v = 2.75, W = 5.625
    const optimizer = sgd({ learningRate: 0.5, momentum: 0.5, weightDecay: 0.25 });
    expect(trace(optimizer, 8, [0, 0])).toEqual([7, 5.625]);
  });

  it('takes the learning rate of its step from the schedule', () => {
    const learningRate = stepDecay({ learningRate: 1, every: 2, factor: 0.5 });
    expect(trace(sgd({ learningRate }), 10, [1, 1, 1, 1, 1])).toEqual([9, 8, 7.5, 7, 6.75]);
  });
});

describe('Adam', () => {
  const gradients = [3, -1, 0.5, 8, 0.01];

  /** Bias-corrected means in closed form: gradients weighted by powers of β that are made to add up to 1. */
  function mean(values: readonly number[], beta: number): number {
    const weights = values.map((_, i) => beta ** (values.length - 1 - i));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return values.reduce((sum, value, i) => sum + (weights[i]! / total) * value, 0);
  }

  it('moves by learningRate·mean/root of the mean square, weighted means of all gradients so far', () => {
    const [beta1, beta2, epsilon, learningRate] = [0.8, 0.95, 1e-3, 0.1];
    let expected = 2;
    const found = trace(adam({ learningRate, beta1, beta2, epsilon }), 2, gradients);
    found.forEach((value, t) => {
      const seen = gradients.slice(0, t + 1);
      const squares = seen.map((g) => g * g);
      expected -= (learningRate * mean(seen, beta1)) / (Math.sqrt(mean(squares, beta2)) + epsilon);
      expect(value).toBeCloseTo(expected, 13);
    });
  });

  it('first moves by the learning rate, however large the gradient', () => {
    for (const g of [1e-3, 1, 1e3]) {
      expect(trace(adam({ learningRate: 0.5, epsilon: 1e-12 }), 1, [g])[0]).toBeCloseTo(0.5, 8);
    }
  });

  it('with weight decay is Adam on the gradient g + λW', () => {
    // From W = 2 with λ = 0.5 a gradient of 3 counts as 4: what matters is that both means see it.
    const options = { learningRate: 0.1, beta1: 0, beta2: 0, epsilon: 1 };
    expect(trace(adam({ ...options, weightDecay: 0.5 }), 2, [3])[0]).toBeCloseTo(
      2 - 0.1 * (4 / 5),
      14,
    );
  });

  it('as AdamW shrinks W by learningRate·λ, apart from the gradient', () => {
    const options = { learningRate: 0.1, beta1: 0, beta2: 0, epsilon: 1 };
    const [found] = trace(adamW({ ...options, weightDecay: 0.5 }), 2, [3]);
    expect(found).toBeCloseTo(2 * (1 - 0.05) - 0.1 * (3 / 4), 14);
    // A gradient of 0 leaves the shrinking alone.
    expect(trace(adamW({ ...options, weightDecay: 0.5 }), 2, [0])[0]).toBeCloseTo(1.9, 14);
  });
});
