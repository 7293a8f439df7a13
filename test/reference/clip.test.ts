import { describe, expect, it } from 'vitest';
import { clipScale, gradientNorm } from '../../src/reference/clip.ts';

describe('clipping', () => {
  it('measures the 2-norm of a whole gradient', () => {
    expect(gradientNorm([3, 0, -4])).toBe(5);
    expect(gradientNorm([])).toBe(0);
  });

  it('leaves a gradient within the norm alone', () => {
    expect(clipScale(0, 1)).toBe(1);
    expect(clipScale(0.99, 1)).toBe(1);
  });

  it("scales a longer one down to it, with PyTorch's 1e-6 beside the norm", () => {
    expect(clipScale(4, 1)).toBeCloseTo(0.25, 6);
    expect(clipScale(4, 1)).toBeLessThan(0.25);
    expect(clipScale(Infinity, 1)).toBe(0);
  });
});
