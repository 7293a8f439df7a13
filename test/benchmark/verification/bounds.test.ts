import { expect, it } from 'vitest';

import { activationBound } from '../../../src/benchmark/verification/bounds.ts';

it.each([-20, -36, -38, -41.8, -60])(
  'what a z of %d is off by reaches a saturated sigmoid, and its bound',
  (z) => {
    // Far below 0 the sigmoid is eᶻ to within float64.
    const error = Math.exp(z + 1e-3) - Math.exp(z);
    const bound = activationBound('sigmoid', z, 1e-3);
    expect(bound).toBeGreaterThanOrEqual(error);
    expect(bound).toBeLessThan(2 * error);
  },
);
