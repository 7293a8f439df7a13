/** Explains errors that are as large as the tolerance. */
import type { Check } from './verify.ts';

/** Whether a passed check shows an error of 1.00. */
export function isAtLimit({ worst, passed }: Pick<Check, 'worst' | 'passed'>): boolean {
  return passed && worst >= 0.995;
}

export const atLimitNote =
  'An error of 1.00 is expected if a kernel clamps a sigmoid. Below z = −80 it returns the value at −80, about 2 · 10⁻³⁵. ' +
  'The true value is smaller, and the tolerance allows exactly this difference.';
