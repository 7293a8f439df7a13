import { describe, expect, it } from 'vitest';
import { outputActivations, sampleCost } from '../../src/reference/functions.ts';

describe('outputActivations', () => {
  it('of softmax are exponentials shared out', () => {
    const p = outputActivations('softmax', [Math.log(1), Math.log(2), Math.log(5)]);
    [1 / 8, 2 / 8, 5 / 8].forEach((expected, j) => {
      expect(p[j]).toBeCloseTo(expected, 15);
    });
  });

  it('of softmax do not overflow', () => {
    expect(outputActivations('softmax', [10_000, 10_000, -10_000])).toEqual([0.5, 0.5, 0]);
  });

  it('of sigmoid are taken one by one, and of linear are z', () => {
    expect(outputActivations('sigmoid', [0, 1])).toEqual([0.5, 1 / (1 + Math.exp(-1))]);
    expect(outputActivations('linear', [3, -4])).toEqual([3, -4]);
  });
});

describe('sampleCost', () => {
  it('of squared error is the sum over the outputs of (a − y)², without ½', () => {
    // (1 − 0)² + (3 − 1)² + (−2 − 0)²
    expect(sampleCost('linear', 'squared-error', [1, 3, -2], 1)).toBe(9);
    // (½ − 1)² + (½ − 0)²
    expect(sampleCost('sigmoid', 'squared-error', [0, 0], 0)).toBe(0.5);
  });

  it('of cross-entropy with softmax is −ln p of the label', () => {
    expect(sampleCost('softmax', 'cross-entropy', [0, Math.log(3)], 1)).toBeCloseTo(
      -Math.log(0.75),
      15,
    );
  });

  it('of cross-entropy with sigmoid is −Σ (y ln a + (1 − y) ln(1 − a))', () => {
    const z = [0.3, -1.2, 2];
    const a = z.map((value) => 1 / (1 + Math.exp(-value)));
    const expected = -(Math.log(1 - a[0]!) + Math.log(a[1]!) + Math.log(1 - a[2]!));
    expect(sampleCost('sigmoid', 'cross-entropy', z, 1)).toBeCloseTo(expected, 14);
  });

  it('of cross-entropy stays exact where the probability itself would be 0 or 1', () => {
    expect(sampleCost('softmax', 'cross-entropy', [0, 2000], 0)).toBe(2000);
    expect(sampleCost('sigmoid', 'cross-entropy', [-2000], 0)).toBe(2000);
    expect(sampleCost('sigmoid', 'cross-entropy', [50], 0)).toBeCloseTo(Math.exp(-50), 30);
  });
});
