/** Results as text. */
import type { BenchmarkResult } from './schema.ts';
import { checkResult } from './read.ts';

/**
 * A result as JSON that {@link readResult} reads: indented, its properties always in the same order, ending in a line
 * break.
 * @throws {FormatError} for what could not be read again
 */
export function writeResult(result: BenchmarkResult): string {
  return `${JSON.stringify(inOrder(result), undefined, 2)}\n`;
}

/** The same result, checked, its properties in the order of the schema and what has free names by name. */
export function inOrder(result: BenchmarkResult): BenchmarkResult {
  const ordered = checkResult(result);
  const limits = Object.entries(ordered.environment.limits).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...ordered,
    environment: { ...ordered.environment, limits: Object.fromEntries(limits) },
  };
}
