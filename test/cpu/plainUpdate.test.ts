import { describe, expect, it } from 'vitest';

import { areFinite, createMoments, update } from '../../src/cpu/plainUpdate.ts';
import { update as referenceUpdate } from '../../src/reference/update.ts';
import { adam, adamW, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { stepDecay } from '../../src/engine/schedules.ts';
import { normals, testRandom } from '../support/networks.ts';

const decaying = stepDecay({ learningRate: 0.1, every: 4, factor: 0.5 });

describe('the float32 update', () => {
  it.each([
    ['plain', sgd({ learningRate: decaying }), 0],
    ['weight decay', sgd({ learningRate: 0.1, weightDecay: 0.01 }), 0],
    ['momentum', sgd({ learningRate: 0.1, momentum: 0.9 }), 1],
    ['Nesterov', sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }), 1],
    ['Adam', adam({ learningRate: decaying }), 2],
    ['Adam with weight decay', adam({ learningRate: 0.01, weightDecay: 0.1 }), 2],
    ['AdamW', adamW({ learningRate: 0.01, weightDecay: 0.1 }), 2],
  ] satisfies [string, Optimizer, number][])(
    '%s: is the reference’s on sums over a mini-batch, and keeps what it needs',
    (_, optimizer, kept) => {
      const random = testRandom(31);
      const count = 37;
      const batchSize = 8;
      const parameters = Float32Array.from(normals(random, count));
      const truth = Float64Array.from(parameters);
      const moments = createMoments(optimizer, count);
      const trueMoments = [new Float64Array(count), new Float64Array(count)] as const;
      expect(moments).toHaveLength(kept);
      for (let step = 0; step < 20; step++) {
        const sum = Float32Array.from(normals(random, count));
        update(parameters, sum, moments, 1 / batchSize, optimizer, step);
        const mean = Float64Array.from(sum, (value) => value / batchSize);
        referenceUpdate(truth, mean, trueMoments, optimizer, step);
      }
      parameters.forEach((value, i) => expect(Math.abs(value - truth[i]!)).toBeLessThan(2e-6));
    },
  );
});

describe('whether values are finite', () => {
  it('takes one that is not to tell, wherever it stands', () => {
    for (const length of [1, 2, 5]) {
      const values = new Float32Array(length).fill(3e38);
      expect(areFinite(values)).toBe(true);
      for (const wrong of [NaN, Infinity, -Infinity]) {
        for (let at = 0; at < length; at++) {
          expect(areFinite(values.with(at, wrong))).toBe(false);
        }
      }
    }
    expect(areFinite(Float32Array.of(Infinity, -Infinity))).toBe(false);
    expect(areFinite(new Float32Array())).toBe(true);
  });
});
