import { expect, it } from 'vitest';

import {
  describeDay,
  describeFlag,
  formatRate,
  formatRatio,
  formatUncertainty,
  plainText,
} from '../../../src/benchmark/result/words.ts';

it('a rate has at least three significant digits', () => {
  expect([745_131.6, 100, 99.95, 8.4, 0.0512, 1e-9].map(formatRate)).toEqual([
    '745,132',
    '100',
    '100',
    '8.4',
    '0.0512',
    'less than 0.001',
  ]);
});

it('a ratio has three significant digits, including zeros', () => {
  expect([0.51, 1, 27.34, 1240.4, 1e-5].map(formatRatio)).toEqual([
    '0.510×',
    '1.00×',
    '27.3×',
    '1,240×',
    'less than 0.001×',
  ]);
});

it('an uncertainty is half of the relative interval', () => {
  expect(formatUncertainty({ middle: 100, low: 98, high: 101 })).toBe('± 1.5 %');
  expect(formatUncertainty({ middle: 100, low: 50, high: 150 })).toBe('± 50 %');
  // Two blocks give wide intervals, and one block gives none.
  expect(formatUncertainty({ middle: 100, low: 2, high: 5000 })).toBe('± over 100 %');
  expect(formatUncertainty({ middle: 100, low: 100, high: 100 })).toBe('± ?');
});

it('a day is in UTC, and an impossible day is shown as it is', () => {
  expect(describeDay({ startedAt: '2026-11-26T23:59:59.999Z' })).toBe('26 November 2026');
  expect(describeDay({ startedAt: '2026-02-31T00:00:00.000Z' })).toMatch(/2026/);
});

it('a flag has its kind, its message and whether it voids', () => {
  const message = 'The tab was in the background.';
  expect(describeFlag({ kind: 'hidden', message, isVoid: true })).toBe(
    'Hidden: The tab was in the background. This voids the score.',
  );
  expect(describeFlag({ kind: 'not-steady', message, isVoid: false })).toBe(
    'Not steady: The tab was in the background.',
  );
});

it('plain text is one line without control characters', () => {
  expect(plainText('a\r\nb\u001b[31mc\u009b2J\u202ed\u2028e\u200b')).toBe('a b [31mc 2J d e');
  expect(plainText('x\ud800y')).toBe('x y');
  expect(plainText('éßΩ日本👋')).toBe('éßΩ日本👋');
  expect(plainText('👋👋👋👋', 3)).toBe('👋👋…');
});
