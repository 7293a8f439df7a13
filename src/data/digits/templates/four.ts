import type { DigitTemplate } from './template.ts';

export const four: readonly DigitTemplate[] = [
  // 4: open at the top, its stem a second stroke that crosses the bar.
  {
    weight: 5,
    forms: [
      '14,4 10,28 4,54! 30,54 62,50 / 52,0 50,50 46,100',
      '22,0 14,30 0,60! 30,58 66,56 / 50,16 44,56 38,100',
      '6,6 8,30 10,50! 34,52 54,50 / 54,2 54,50 54,100',
    ],
  },
  // 4 whose left side and bar are one bow.
  {
    weight: 3,
    forms: [
      '10,2 4,28 8,50 28,56 52,46 / 54,0 50,48 46,100',
      '16,4 4,34 8,54 30,52 56,40 / 58,2 52,44 42,100',
      '4,6 2,30 10,46 32,48 54,44 / 54,6 54,46 54,100',
    ],
  },
  // 4 in one stroke: down, round, up, and down again.
  {
    weight: 2.5,
    forms: [
      '8,0 2,30 8,50 30,52 50,34 56,4! 54,50 50,100',
      '16,4 2,36 8,56 30,52 50,30 62,2! 52,48 40,100',
      '2,8 4,36 14,50 34,48 50,34 58,8! 56,52 54,100',
    ],
  },
  // 4 closed at the top, a triangle with a stem.
  {
    weight: 2,
    forms: [
      '46,2 24,32 2,64! 32,64 66,62 / 46,2 44,50 42,100',
      '40,0 20,28 4,54! 30,56 60,52 / 42,2 42,50 40,100',
    ],
  },
];
