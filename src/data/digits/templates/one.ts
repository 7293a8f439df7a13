import type { DigitTemplate } from './template.ts';

export const one: readonly DigitTemplate[] = [
  // 1: one line.
  {
    weight: 12,
    forms: ['30,0 30,50 30,100', '34,0 28,50 34,100', '26,0 31,50 26,100'],
  },
  // 1 with a flag.
  {
    weight: 1,
    forms: ['12,22 26,10 34,0! 34,50 34,100', '24,12 30,6 34,0! 33,50 34,100'],
  },
  // 1 with a flag and a foot.
  {
    weight: 0.7,
    forms: [
      '10,22 24,12 34,0! 34,50 34,98 / 8,98 32,98 60,98',
      '22,16 28,8 34,0! 34,50 33,98 / 14,99 32,98 52,97',
    ],
  },
];
