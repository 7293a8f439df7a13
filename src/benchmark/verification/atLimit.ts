/** What reports of checks say of errors that are as large as their bound. */
import type { Check } from './verify.ts';

/** What is 1.00 to two digits, and passed. */
export function isAtLimit({ worst, passed }: Pick<Check, 'worst' | 'passed'>): boolean {
  return passed && worst >= 0.995;
}

export const atLimitNote =
  'An error of 1.00 is by design where a kernel cuts a sigmoid off. Below z = −80 it gives the value at −80, about 2 · 10⁻³⁵. ' +
  'The true value is smaller, and the tolerance allows just that difference.';
