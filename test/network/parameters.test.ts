import { describe, expect, it } from 'vitest';
import { countParameters, parameterLayout } from '../../src/network/parameters.ts';

describe('parameterLayout', () => {
  it('places layer after layer, weights [out, in] before biases, under PyTorch names', () => {
    expect(parameterLayout([3, 2, 4])).toEqual([
      {
        weightName: 'layers.0.weight',
        biasName: 'layers.0.bias',
        inputs: 3,
        outputs: 2,
        weightOffset: 0,
        biasOffset: 6,
      },
      {
        weightName: 'layers.1.weight',
        biasName: 'layers.1.bias',
        inputs: 2,
        outputs: 4,
        weightOffset: 8,
        biasOffset: 16,
      },
    ]);
  });
});

describe('countParameters', () => {
  it.each([
    [[784, 16, 16, 10], 13_002],
    [[784, 30, 10], 23_860],
    [[784, 128, 10], 101_770],
    [[1, 1], 2],
  ])('of %j is %i', (sizes, expected) => {
    expect(countParameters(sizes)).toBe(expected);
  });
});
