import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import {
  constantRate,
  cosineDecay,
  exponentialDecay,
  highestLearningRate,
  learningRateAt,
  stepDecay,
  type LearningRate,
} from '../../src/engine/schedules.ts';

const at = (learningRate: LearningRate, steps: readonly number[]) =>
  steps.map((step) => learningRateAt(learningRate, step));

describe('a learning rate', () => {
  it('that is a number, or constant, is the same at every step', () => {
    expect(at(0.1, [0, 1, 1e6])).toEqual([0.1, 0.1, 0.1]);
    expect(at(constantRate({ learningRate: 0.1 }), [0, 1, 1e6])).toEqual([0.1, 0.1, 0.1]);
  });

  it('that decays in steps is multiplied after every so many', () => {
    const schedule = stepDecay({ learningRate: 8, every: 3, factor: 0.5 });
    expect(at(schedule, [0, 2, 3, 5, 6, 9])).toEqual([8, 8, 4, 4, 2, 1]);
  });

  it('that decays exponentially passes through the same values without stairs', () => {
    const schedule = exponentialDecay({ learningRate: 8, every: 2, factor: 0.25 });
    expect(at(schedule, [0, 1, 2, 3, 4])).toEqual([8, 4, 2, 1, 0.5]);
  });

  it('that decays by a cosine is half way in the middle, ends at the final one and stays', () => {
    const schedule = cosineDecay({ learningRate: 1, steps: 100, finalLearningRate: 0.2 });
    expect(learningRateAt(schedule, 0)).toBe(1);
    expect(learningRateAt(schedule, 50)).toBeCloseTo(0.6, 15);
    // ½(1 + cos(π/3)) = ¾ of the way
    expect(learningRateAt(cosineDecay({ learningRate: 1, steps: 3 }), 1)).toBeCloseTo(0.75, 15);
    expect(at(schedule, [100, 1000])).toEqual([0.2, 0.2]);
  });

  it('rises in equal parts while it warms up, then decays as if it began there', () => {
    expect(at(constantRate({ learningRate: 1, warmUpSteps: 4 }), [0, 1, 2, 3, 4])).toEqual([
      0.25, 0.5, 0.75, 1, 1,
    ]);
    const warm = stepDecay({ learningRate: 8, every: 2, factor: 0.5, warmUpSteps: 2 });
    expect(at(warm, [0, 1, 2, 3, 4])).toEqual([4, 8, 8, 8, 4]);
    const cosine = cosineDecay({ learningRate: 1, steps: 6, warmUpSteps: 2 });
    expect(learningRateAt(cosine, 2)).toBe(1);
    expect(learningRateAt(cosine, 4)).toBeCloseTo(0.5, 15);
    expect(learningRateAt(cosine, 6)).toBe(0);
  });

  it('knows the highest it will be', () => {
    expect(highestLearningRate(3)).toBe(3);
    expect(highestLearningRate(cosineDecay({ learningRate: 2, steps: 9, warmUpSteps: 3 }))).toBe(2);
  });
});

describe('a schedule', () => {
  it.each([
    [
      () => constantRate({ learningRate: 0 }),
      'learningRate must be a positive finite float32 number; got 0.',
    ],
    [
      () => constantRate({ learningRate: 1, warmUpSteps: -1 }),
      'warmUpSteps must be an integer of at least 0; got -1.',
    ],
    [
      () => stepDecay({ learningRate: 1, every: 0, factor: 0.5 }),
      'every must be an integer of at least 1; got 0.',
    ],
    [() => stepDecay({ learningRate: 1, every: 1.5, factor: 0.5 }), 'got 1.5.'],
    [
      () => exponentialDecay({ learningRate: 1, every: 1, factor: 0 }),
      'factor must be a number in (0, 1]; got 0. Try 0.5.',
    ],
    [() => exponentialDecay({ learningRate: 1, every: 1, factor: 2 }), 'got 2.'],
    [
      () => cosineDecay({ learningRate: 1, steps: 10, warmUpSteps: 10 }),
      'steps of a cosine decay must be greater than warmUpSteps (10); got 10.',
    ],
    [
      () => cosineDecay({ learningRate: 1, steps: 0 }),
      'steps must be an integer of at least 1; got 0.',
    ],
    [
      () => cosineDecay({ learningRate: 1, steps: 9, finalLearningRate: 2 }),
      'from 0 to learningRate (1); got 2.',
    ],
  ])('that makes no sense is refused: %s', (make, message) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });
});
