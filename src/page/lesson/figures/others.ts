/** The figures after the first one, in the lecture's order. */
import type { FigureModule } from '../runtime/figure.tsx';
import { avenues } from './avenues.tsx';
import { average } from './average.tsx';
import { backwards } from './backwards.tsx';
import { code } from './code.tsx';
import { cost } from './cost.tsx';
import { data } from './data.tsx';
import { descent } from './descent.tsx';
import { mend } from './mend.tsx';
import { miniBatches } from './miniBatches.tsx';
import { onlyOne } from './onlyOne.tsx';
import { sensitivity } from './sensitivity.tsx';
import { sums } from './sums.tsx';
import { wiggle } from './wiggle.tsx';
import { wishes } from './wishes.tsx';

export const others: readonly FigureModule[] = [
  cost,
  sensitivity,
  wiggle,
  wishes,
  avenues,
  sums,
  backwards,
  average,
  onlyOne,
  miniBatches,
  descent,
  data,
  code,
  mend,
];
