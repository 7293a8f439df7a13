import { expect, it } from 'vitest';

import { verify } from '../../../src/benchmark/verification/verify.ts';
import { digits } from '../../../src/data/digits/digits.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { failureOf } from '../../support/failure.ts';

it.each([0, -0.5, 1.01, Number.NaN])('the fraction %d is refused', async (fraction) => {
  const { training: data } = digits({ trainingCount: 10, testCount: 1 });
  const { message } = await failureOf(verify({ data, fraction }), ConfigurationError);
  expect(message).toBe(
    `fraction must be above 0 and at most 1; got ${fraction}. Use 1 for all cases.`,
  );
});

it.each([-1, 0.5, Number.NaN])('%d plans are refused', async (plans) => {
  const { training: data } = digits({ trainingCount: 10, testCount: 1 });
  const { message } = await failureOf(verify({ data, plans }), ConfigurationError);
  expect(message).toBe(`plans must be a non-negative integer; got ${plans}. Try 100.`);
});
