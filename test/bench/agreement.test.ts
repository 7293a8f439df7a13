import { describe, expect, it } from 'vitest';

import {
  agreementTable,
  bound,
  compareHarnesses,
  reference,
  type Measured,
} from '../../bench/agreement.ts';

const measured = (harness: string, ...rates: number[]): Measured => ({
  ...{ place: 'chromium', workload: 'tiny', harness, rates },
});
/** Whether a harness agrees with the reference. */
const agrees = (own: readonly number[], other: Measured) =>
  compareHarnesses([measured(reference, ...own), other], 0.2)[1]!.agrees;

describe('a harness agrees with bench', () => {
  it('within a fifth, in both directions', () => {
    expect(agrees([100], measured('train', 119))).toBe(true);
    expect(agrees([100], measured('train', 122))).toBe(false);
    expect(agrees([119], measured('train', 100))).toBe(true);
    expect(agrees([122], measured('train', 100))).toBe(false);
  });

  it('within a fifth and the spreads of both', () => {
    // ±10 % each.
    expect(agrees([90, 100, 110], measured('train', 125, 139, 153))).toBe(true);
    expect(agrees([90, 100, 110], measured('train', 128, 142, 156))).toBe(false);
  });

  it('not at all where it gave no rate, or there is none to compare it with', () => {
    expect(agrees([100], { ...measured('train'), failure: 'It crashed.' })).toBe(false);
    expect(agrees([], measured('train', 100))).toBe(false);
  });

  it('as kernels do that are faster than the training made of them', () => {
    expect(agrees([100], measured(bound, 300))).toBe(true);
    expect(agrees([100], measured(bound, 70))).toBe(false);
  });
});

it('only measurements of the same workload in the same place are compared, and all are listed', () => {
  const comparisons = compareHarnesses(
    [
      measured(reference, 100, 200, 300),
      { ...measured(reference, 10), place: 'firefox' },
      { ...measured('train', 10), place: 'firefox' },
      { ...measured('train', 20), workload: 'mid', failure: 'It crashed once.' },
    ],
    0.2,
  );
  expect(comparisons.map(({ ratio, agrees: one }) => [ratio, one])).toEqual([
    [1, undefined],
    [1, undefined],
    [1, true],
    [NaN, false],
  ]);
  expect(agreementTable(comparisons)).toEqual([
    'place     workload  harness  samples/s         of bench  agrees',
    'chromium  tiny      bench          200  ±50 %     1.00×',
    'firefox   tiny      bench           10   ±0 %     1.00×',
    'firefox   tiny      train           10   ±0 %     1.00×  yes',
    'chromium  mid       train           20   ±0 %            NO      It crashed once.',
  ]);
});
