import { describe, expect, it } from 'vitest';
import { initializeParameters, initializers } from '../../src/network/initializers.ts';
import { parameterLayout } from '../../src/network/parameters.ts';
import { sha256 } from '../support/hash.ts';

const sizes = [300, 200, 100];

describe('initializeParameters', () => {
  it.each([
    ['normal', [1, 1]],
    ['lecun', [1 / 300, 1 / 200]],
    ['xavier', [2 / 500, 2 / 300]],
    ['he', [2 / 300, 2 / 200]],
  ] as const)('gives the weights of %s mean 0 and variances %j', (initializer, variances) => {
    const parameters = initializeParameters(sizes, initializer, 1);
    parameterLayout(sizes).forEach(({ weightOffset, biasOffset }, l) => {
      const weights = parameters.subarray(weightOffset, biasOffset);
      const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
      const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
      const expected = variances[l]!;
      // Five standard deviations of either estimate.
      expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(expected / weights.length));
      expect(Math.abs(variance - expected)).toBeLessThan(
        5 * expected * Math.sqrt(2 / weights.length),
      );
    });
  });

  it.each(initializers)(
    'draws biases for normal only, and leaves them 0 for others: %s',
    (name) => {
      const parameters = initializeParameters(sizes, name, 1);
      for (const { biasOffset, outputs } of parameterLayout(sizes)) {
        const biases = parameters.subarray(biasOffset, biasOffset + outputs);
        expect(biases.every((b) => (name === 'normal' ? b !== 0 : b === 0))).toBe(true);
      }
    },
  );

  // The hashes are those of an implementation in Python, written from the paper, with integers of any length
  // and the C library's logarithm: what every JavaScript engine has to give too.
  it.each([
    ['normal', '3f68c959f2cdbec836f472e5d90750fe85e2e15c7c53477b3ebe2bb2e10585e7'],
    ['xavier', 'd95fff53f3e31f38c1c6da8200644173d6f7914ca36a54b0b6766f26fee1053e'],
  ] as const)(
    'gives the same bits for %s and seed 1 on every platform',
    (initializer, expected) => {
      expect(sha256(initializeParameters([784, 16, 16, 10], initializer, 1))).toBe(expected);
    },
  );

  it('gives other numbers for another seed, and for another layer', () => {
    const [first, second] = [1, 2].map((seed) => initializeParameters([4, 4, 4], 'normal', seed));
    expect(first).not.toEqual(second);
    expect(first!.slice(0, 16)).not.toEqual(first!.slice(20, 36));
  });

  it('draws a layer from its own sequence, whatever the sizes of the layers before', () => {
    const narrow = initializeParameters([2, 3, 3], 'normal', 1);
    const wide = initializeParameters([9, 3, 3], 'normal', 1);
    expect(narrow.slice(-12)).toEqual(wide.slice(-12));
  });
});
