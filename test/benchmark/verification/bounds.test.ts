import { expect, it } from 'vitest';

import { activationFunctions } from '../../../src/network/activations.ts';

it.each([-20, -36, -38, -41.8, -60])(
  'what a z of %d is off by reaches a saturated sigmoid, and its bound',
  (z) => {
    // Far below 0 the sigmoid is eᶻ to within float64.
    const error = Math.exp(z + 1e-3) - Math.exp(z);
    const bound = activationFunctions.sigmoid.bound.f(z, 1e-3);
    expect(bound).toBeGreaterThanOrEqual(error);
    expect(bound).toBeLessThan(2 * error);
  },
);
