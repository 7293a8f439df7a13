import { expect, it } from 'vitest';

import { Samples } from '../../../src/benchmark/verification/samples.ts';

it('a selection has different choices in their order', () => {
  const choices = [5, 3, 9, 1, 7];
  for (let count = 0; count <= choices.length; count++) {
    const some = new Samples(count, 'random').some(choices, count);
    expect(some).toHaveLength(count);
    expect(some).toEqual(choices.filter((choice) => some.includes(choice)));
  }
});

it('every selection has the same probability', () => {
  const draws = 6000;
  const samples = new Samples(1, 'random');
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const pair = samples.some(['a', 'b', 'c', 'd'], 2).join('');
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(['ab', 'ac', 'ad', 'bc', 'bd', 'cd']);
  // Six pairs with 1000 draws each; the limit is five standard deviations of a binomial count.
  for (const count of counts.values()) {
    expect(Math.abs(count - draws / 6)).toBeLessThan(5 * Math.sqrt((draws * 5) / 36));
  }
});
