import type { BenchmarkResult } from '../../src/benchmark/result/schema.ts';

/** A copy of `result` that has `value` at `path`; undefined leaves out what is there. */
export function resultWith(
  result: BenchmarkResult,
  path: readonly (string | number)[],
  value: unknown,
): BenchmarkResult {
  const copy = structuredClone(result);
  let at = copy as unknown as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  const last = path.at(-1)!;
  if (value !== undefined) at[last] = value;
  else if (Array.isArray(at)) at.splice(last as number, 1);
  else Reflect.deleteProperty(at, last);
  return copy;
}
