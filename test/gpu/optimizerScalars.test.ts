import { expect, it } from 'vitest';

import { optimizerScalarsOf } from '../../src/gpu/optimizerScalars.ts';
import { adamW, sgd } from '../../src/engine/optimizers.ts';
import { stepDecay } from '../../src/engine/schedules.ts';

it('the rates of SGD are the learning rates from the step on that was asked for', () => {
  const learningRate = stepDecay({ learningRate: 8, every: 2, factor: 0.5 });
  // prettier-ignore
  expect([...optimizerScalarsOf(sgd({ learningRate }))(3, 3)]).toEqual([
    4, 0, 0, 0,
    2, 0, 0, 0,
    2, 0, 0, 0,
  ]);
});

it('the rates of Adam carry the corrections of their step, and the weight decay of AdamW', () => {
  const optimizer = adamW({ learningRate: 0.5, beta1: 0.5, beta2: 0.75, weightDecay: 0.5 });
  // Step 1 divides by 1 − ½ and √(1 − ¾), step 2 by 1 − ¼ and √(1 − 9/16).
  const expected = [1, 2, 0.25, 0, 0.5 / 0.75, 1 / Math.sqrt(0.4375), 0.25, 0];
  expect(optimizerScalarsOf(optimizer)(0, 2)).toEqual(Float32Array.from(expected));
  // So many steps on, nothing is left to correct.
  expect([...optimizerScalarsOf(optimizer)(100_000, 1)]).toEqual([0.5, 1, 0.25, 0]);
});
