import { describe, expect, it } from 'vitest';
import { fileOrder, shuffledOrder } from '../../src/data/shuffle.ts';
import { sha256 } from '../support/hash.ts';

describe('shuffledOrder', () => {
  it.each([0, 1, 2, 3, 100, 60_000])('visits each of %i samples once', (count) => {
    expect(shuffledOrder(1, 0, count).sort()).toEqual(fileOrder(count));
  });

  it('depends on seed, epoch and number of samples, and on nothing else', () => {
    const first = shuffledOrder(1, 2, 50);
    shuffledOrder(8, 9, 50);
    expect(shuffledOrder(1, 2, 50)).toEqual(first);
    expect(shuffledOrder(2, 2, 50)).not.toEqual(first);
    expect(shuffledOrder(1, 3, 50)).not.toEqual(first);
    expect(shuffledOrder(1, 2, 51).slice(0, 50)).not.toEqual(first);
  });

  it('gives the same order on every platform', () => {
    // From an implementation in Python, with integers of any length.
    expect([...shuffledOrder(7, 3, 10)]).toEqual([7, 6, 4, 2, 0, 8, 3, 9, 5, 1]);
    expect(sha256(shuffledOrder(1, 0, 60_000))).toBe(
      'b19b5c3898af0d8119ec19f591bf383a154414c09073773ceeee02a679e1b739',
    );
  });

  it('makes every order of four samples equally likely', () => {
    const counts = new Map<string, number>();
    const epochs = 24_000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffledOrder(11, epoch, 4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const expected = epochs / 24;
    const chiSquare = [...counts.values()].reduce(
      (sum, c) => sum + (c - expected) ** 2 / expected,
      0,
    );
    expect(chiSquare).toBeLessThan(49.73); // 99.9 % quantile, 23 degrees of freedom
  });
});

describe('fileOrder', () => {
  it('is 0, 1, 2, …', () => {
    expect([...fileOrder(4)]).toEqual([0, 1, 2, 3]);
  });
});
