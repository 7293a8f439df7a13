import { describe, expect, it, test } from 'vitest';

import { judgeCost, judgeProduct, spread } from '../../../bench/peers/statistics.ts';
import { median } from '../../../src/benchmark/statistics.ts';

describe('the median', () => {
  it.each([
    [[5], 5],
    [[3, 1, 2], 2],
    [[10, 9, 100], 10],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('leaves the values in their order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of nothing is no number', () => {
    expect(median([])).toBeNaN();
  });
});

test('the spread is the way from the smallest to the largest, as a share of the median', () => {
  expect(spread([8, 10, 13])).toBe(0.5);
  expect(spread([7])).toBe(0);
});

describe('a training', () => {
  it('is right within a thousandth of the reference', () => {
    expect(judgeCost(1.0009, 1, 0.5)).toEqual({ kind: 'right' });
    expect(judgeCost(0.9991, 1, 0.5)).toEqual({ kind: 'right' });
  });

  it('is wrong beyond that, with both costs in the reason', () => {
    expect(judgeCost(1.002, 1, 0.5)).toMatchObject({ kind: 'wrong', reason: /1\.00200.*1\.00000/ });
  });

  it('is wrong when its cost is no number', () => {
    expect(judgeCost(NaN, 1, 0.5).kind).toBe('wrong');
  });

  it.each([NaN, Infinity])('is wrong when it ends with a cost of %d', (finalCost) => {
    expect(judgeCost(1, 1, finalCost).kind).toBe('wrong');
  });
});

describe('a product', () => {
  it.each([0, 0.5, 1])('is right with %d of the bound', (error) => {
    expect(judgeProduct(error)).toEqual({ kind: 'right' });
  });

  it.each([1.01, Infinity, NaN])('is wrong with %d of the bound', (error) => {
    expect(judgeProduct(error).kind).toBe('wrong');
  });
});
