/** Writes results as JSON. */
import type { BenchmarkResult } from './schema.ts';
import { checkResult } from './read.ts';

/**
 * A result as JSON for {@link readResult}: indented, with properties in a fixed order, each list or point of numbers on
 * one line, and a line break at the end.
 * @throws {FormatError} if `readResult` would refuse it
 */
export function writeResult(result: BenchmarkResult): string {
  const text = JSON.stringify(inOrder(result), undefined, 2);
  // JSON escapes line breaks in strings, so the pattern never matches inside a string.
  return `${text.replace(numbersAlone, (lines) => lines.replace(/\n\s*/g, ' '))}\n`;
}

const numbersAlone = /[[{](\n\s+("\w+": )?-?\d[-+.\de]*,?)+\n\s+[\]}]/g;

/** Checks a result and sorts its properties: in the order of the schema, and adapter limits by name. */
export function inOrder(result: BenchmarkResult): BenchmarkResult {
  const ordered = checkResult(result);
  const limits = Object.entries(ordered.environment.limits).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...ordered,
    environment: { ...ordered.environment, limits: Object.fromEntries(limits) },
  };
}
