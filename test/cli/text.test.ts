import { expect, it } from 'vitest';

import {
  formatConfusion,
  formatCost,
  formatCount,
  formatJson,
  formatSeconds,
  formatShare,
  formatTable,
  plural,
} from '../../src/cli/table.ts';

it('numbers are formatted for people', () => {
  expect(formatCount(1234567.8)).toBe('1,234,568');
  expect(formatShare(0.93425)).toBe('93.42 %');
  expect(formatCost(0.112345)).toBe('0.1123');
  expect(formatSeconds(12.34)).toBe('12.3 s');
  expect(formatSeconds(245)).toBe('4 min 05 s');
  expect(formatSeconds(59.96)).toBe('60.0 s');
  expect(formatSeconds(119.7)).toBe('2 min 00 s');
  expect([plural(1, 'step'), plural(0, 'step'), plural(1200, 'step')]).toEqual([
    '1 step',
    '0 steps',
    '1,200 steps',
  ]);
});

it('columns of a table are aligned, and lines end where their text does', () => {
  const rows = [
    ['name', 'count', ''],
    ['a', '10', 'x'],
    ['longer', '7', ''],
  ];
  expect(formatTable(rows, 'lrl')).toEqual(['name    count', 'a          10  x', 'longer      7']);
});

it('a confusion matrix has a row per label, its share of correct predictions, and dots for zeros', () => {
  expect(
    formatConfusion([
      [9, 1, 0],
      [0, 4, 4],
      [0, 0, 0],
    ]),
  ).toEqual([
    'Samples by label (rows) and prediction (columns):',
    'label  0  1  2    right',
    '    0  9  1  ·  90.00 %',
    '    1  ·  4  4  50.00 %',
    '    2  ·  ·  ·',
  ]);
});

it('JSON has each list of numbers on one line and is otherwise unchanged', () => {
  const value = {
    confusion: [
      [1, 2],
      [-3.5, 4e-9],
    ],
    text: '[\n  1,\n  2\n]',
    mixed: [1, 'a'],
    empty: [],
    one: [7],
  };
  const text = formatJson(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text).toBe(
    [
      '{',
      '  "confusion": [',
      '    [1, 2],',
      '    [-3.5, 4e-9]',
      '  ],',
      String.raw`  "text": "[\n  1,\n  2\n]",`,
      '  "mixed": [',
      '    1,',
      '    "a"',
      '  ],',
      '  "empty": [],',
      '  "one": [7]',
      '}',
    ].join('\n'),
  );
});
