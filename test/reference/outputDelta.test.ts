import { describe, expect, it } from 'vitest';
import { sampleCost } from '../../src/reference/functions.ts';
import { outputDelta } from '../../src/reference/outputDelta.ts';
import { normals, outputsAndCosts, testRandom } from '../support/networks.ts';

describe('outputDelta', () => {
  it('of the lecture is 2(a − y)·a(1 − a)', () => {
    const { a, delta, costs } = outputDelta({
      batchSize: 1,
      outputs: 2,
      output: 'sigmoid',
      cost: 'squared-error',
      z: [0, Math.log(3)], // where σ is ½ and ¾
      labels: [0],
    });
    const close = (values: readonly number[]): unknown[] =>
      values.map((value) => expect.closeTo(value, 14) as unknown);
    expect([...a]).toEqual(close([0.5, 0.75]));
    expect([...delta]).toEqual(close([2 * -0.5 * 0.25, 2 * 0.75 * 0.1875]));
    expect([...costs]).toEqual(close([0.25 + 0.5625]));
  });

  it.each(outputsAndCosts)(
    'of %s outputs and %s is ∂C/∂z by central differences',
    (output, cost) => {
      const outputs = 5;
      const labels = [3, 0, 4];
      const z = normals(testRandom(1), labels.length * outputs);
      const { delta, costs } = outputDelta({ batchSize: 3, outputs, output, cost, z, labels });
      const h = 1e-5;
      labels.forEach((label, n) => {
        const row = [...z.subarray(n * outputs, (n + 1) * outputs)];
        expect(costs[n]).toBe(sampleCost(output, cost, row, label));
        row.forEach((value, j) => {
          const high = sampleCost(output, cost, row.with(j, value + h), label);
          const low = sampleCost(output, cost, row.with(j, value - h), label);
          expect(Math.abs(delta[n * outputs + j]! - (high - low) / (2 * h))).toBeLessThan(1e-9);
        });
      });
    },
  );

  it('predicts the first of the largest outputs, also where the activations have saturated', () => {
    const { a, predictions } = outputDelta({
      batchSize: 4,
      outputs: 3,
      output: 'sigmoid',
      cost: 'squared-error',
      z: [1, 3, 2, 5, 7, 7, 100, 300, 200, NaN, NaN, NaN],
      labels: [0, 0, 0, 0],
    });
    expect([...a.subarray(6, 9)]).toEqual([1, 1, 1]);
    expect([...predictions]).toEqual([1, 1, 1, 0]);
  });
});
