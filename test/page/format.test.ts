import { describe, expect, it } from 'vitest';

import {
  formatDuration,
  formatPrefixed,
  formatRatio,
  formatSeconds,
  formatSmall,
  formatThree,
  timeLeft,
} from '../../src/page/format.ts';

/** Without the spaces that do not break. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('a duration is rounded to what matters', () => {
  it.each([
    [0.1, '1 s'],
    [9.4, '9 s'],
    [9.6, '10 s'],
    [57, '55 s'],
    [58, '1 min'],
    [84, '1 min 20 s'],
    [119, '2 min'],
    [299, '5 min'],
    [730, '12 min'],
  ])('%d seconds: %s', (seconds, text) => {
    expect(plain(formatDuration(seconds))).toBe(text);
  });
});

describe('the time left', () => {
  it('is what is left to do at the pace so far', () => {
    expect(plain(timeLeft(10, 0.25))).toBe('about 30 s left');
  });

  it('is not guessed from next to nothing', () => {
    expect(timeLeft(1, 0.5)).toBe('');
    expect(timeLeft(10, 0.001)).toBe('');
  });
});

it.each([
  [formatSeconds(0.000_42), '0.42 ms'],
  [formatSeconds(0.0184), '18 ms'],
  [formatSeconds(1.324), '1.32 s'],
  [formatSeconds(65.2), '65 s'],
  [formatPrefixed(4.8e10), '48 G'],
  [formatPrefixed(1.234e12), '1.23 T'],
  [formatPrefixed(1000), '1 k'],
  [formatPrefixed(12), '12 '],
  [formatThree(215_866), '216,000'],
  [formatThree(3.14159), '3.14'],
  [formatRatio(0.0482), '0.048'],
  [formatRatio(12.34), '12'],
  [formatRatio(1234), '1,230'],
  [formatSmall(0.0001), 'less than 0.001'],
  [formatSmall(0.0042), '0.004'],
  [formatSmall(0.312), '0.31'],
])('figures are written with as many digits as they are worth: %s', (text, expected) => {
  expect(plain(text)).toBe(expected);
});
