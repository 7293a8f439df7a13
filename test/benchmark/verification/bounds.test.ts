import { expect, it } from 'vitest';

import { activationFunctions } from '../../../src/network/activations.ts';

it.each([-20, -36, -38, -41.8, -60])(
  'the bound of a saturated sigmoid covers the error of a z of %d',
  (z) => {
    // Far below 0, the sigmoid equals eᶻ in float64.
    const error = Math.exp(z + 1e-3) - Math.exp(z);
    const bound = activationFunctions.sigmoid.bound.f(z, 1e-3);
    expect(bound).toBeGreaterThanOrEqual(error);
    expect(bound).toBeLessThan(2 * error);
  },
);
