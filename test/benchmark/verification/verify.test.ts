import { expect, it } from 'vitest';

import { verify } from '../../../src/benchmark/verification/verify.ts';
import { digits } from '../../../src/data/digits/digits.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { failureOf } from '../../support/failure.ts';

it.each([0, -0.5, 1.01, Number.NaN])('no fraction of the cases is %d', async (fraction) => {
  const { training: data } = digits({ trainingCount: 10, testCount: 1 });
  const { message } = await failureOf(verify({ data, fraction }), ConfigurationError);
  expect(message).toBe(
    `The fraction of the cases to run is above 0 and up to 1, and ${fraction} was given. Take 1 for all of them.`,
  );
});

it.each([-1, 0.5, Number.NaN])('no number of plans is %d', async (plans) => {
  const { training: data } = digits({ trainingCount: 10, testCount: 1 });
  const { message } = await failureOf(verify({ data, plans }), ConfigurationError);
  expect(message).toBe(
    `The number of plans to draw is a whole number of at least 0, and ${plans} was given. Try 100.`,
  );
});
