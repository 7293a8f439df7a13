import { describe, expect, test } from 'vitest';

import { compareCosts, failureSentence, maxDrift, verdictOf } from '../../src/benchmark/gate.ts';

/** Sums of costs at 10 samples per step, from the mean cost between two reports. */
function sums(stretches: readonly (readonly [step: number, cost: number])[]): Map<number, number> {
  const result = new Map<number, number>();
  let sum = 0;
  let before = 0;
  for (const [step, cost] of stretches) {
    sum += (step - before) * 10 * cost;
    before = step;
    result.set(step, sum);
  }
  return result;
}

const samplesAt = (step: number) => 10 * step;

describe('the drift of costs', () => {
  test('compares the steps that both have reported', () => {
    const often = sums([
      [1, 4],
      [2, 2],
      [4, 1],
      [8, 0.5],
    ]);
    const seldom = sums([
      [2, 3],
      [8, 2 / 3],
      [16, 0.1],
    ]);
    const { drift, steps } = compareCosts(often, seldom, samplesAt);
    expect(drift).toBeCloseTo(0, 12);
    expect(steps).toBe(8);
  });

  test('is the largest difference between two reports relative to the first cost', () => {
    const found = sums([
      [1, 2],
      [2, 1],
      [3, 0.6],
    ]);
    const expected = sums([
      [1, 2],
      [2, 1.2],
      [3, 0.5],
    ]);
    expect(compareCosts(found, expected, samplesAt).drift).toBeCloseTo(0.2 / 2, 12);
  });

  test('is infinite without a common step or with a NaN', () => {
    const found = sums([[1, 2]]);
    expect(compareCosts(found, sums([[2, 2]]), samplesAt)).toEqual({ drift: Infinity, steps: 0 });
    const broken = new Map([[1, NaN]]);
    expect(compareCosts(broken, found, samplesAt).drift).toBe(Infinity);
    const late = new Map([
      [1, 20],
      [2, NaN],
    ]);
    expect(
      compareCosts(
        late,
        sums([
          [1, 2],
          [2, 2],
        ]),
        samplesAt,
      ).drift,
    ).toBe(Infinity);
  });
});

describe('a verdict', () => {
  const right = { samples: 100, tensors: [{ name: 'layers.0.weight', worst: 0.31 }] };

  test('passes if both checks pass', () => {
    const verification = verdictOf(right, { drift: maxDrift, steps: 64 });
    expect(verification).toMatchObject({ isVerified: true, worst: 0.31, stepsCompared: 64 });
    expect(failureSentence('tiny', verification)).toBeUndefined();
  });

  test('names the wrong tensor and its error', () => {
    const tensors = [...right.tensors, { name: 'layers.1.bias', worst: 42.123 }];
    const verification = verdictOf({ samples: 100, tensors }, { drift: 0, steps: 64 });
    expect(verification.isVerified).toBe(false);
    expect(failureSentence('tiny', verification)).toBe(
      "The GPU's results for tiny are wrong: the error of the gradient of layers.1.bias is 42.1 times the tolerance. Its speed is excluded.",
    );
  });

  test('has the drift of the cost', () => {
    const verification = verdictOf(right, { drift: 0.5, steps: 64 });
    expect(failureSentence('mid', verification)).toBe(
      "The GPU's results for mid are wrong: its cost differs from the CPU's by 50 % within 64 steps (maximum 2.0 %). Its speed is excluded.",
    );
  });

  test.each([Infinity, NaN])('of an error of %d fails and survives JSON', (worst) => {
    const verification = verdictOf(
      { samples: 1, tensors: [{ name: 'layers.0.bias', worst }] },
      { drift: worst, steps: 0 },
    );
    expect(verification.isVerified).toBe(false);
    expect(JSON.parse(JSON.stringify(verification))).toEqual(verification);
  });
});
