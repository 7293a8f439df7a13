/** Results as text. */
import type { BenchmarkResult } from './schema.ts';
import { checkResult } from './read.ts';

/**
 * A result as JSON that {@link readResult} reads: indented, but for lists and points of numbers alone, which take a line
 * each; its properties always in the same order; ending in a line break.
 * @throws {FormatError} for what could not be read again
 */
export function writeResult(result: BenchmarkResult): string {
  const text = JSON.stringify(inOrder(result), undefined, 2);
  // Line breaks stand between values only, never inside strings, so that no string is taken for a list.
  return `${text.replace(numbersAlone, (lines) => lines.replace(/\n\s*/g, ' '))}\n`;
}

const numbersAlone = /[[{](\n\s+("\w+": )?-?\d[-+.\de]*,?)+\n\s+[\]}]/g;

/** The same result, checked, its properties in the order of the schema and what has free names by name. */
export function inOrder(result: BenchmarkResult): BenchmarkResult {
  const ordered = checkResult(result);
  const limits = Object.entries(ordered.environment.limits).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...ordered,
    environment: { ...ordered.environment, limits: Object.fromEntries(limits) },
  };
}
