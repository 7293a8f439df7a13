/** A clock with steps of 5 µs measures 0.3 s to five digits. */
const digits = 5;

/**
 * Rounds all numbers in plain data to `count` significant digits; integers are mostly counts and stay as they are.
 * A result is rounded once, when it is made: rounding only its link would show other digits than the page.
 */
export function rounded<T>(value: T, count = digits): T {
  if (typeof value === 'number') {
    return (Number.isInteger(value) ? value : Number(value.toPrecision(count))) as T;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => rounded(item, count)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    rounded(item as unknown, count),
  ]);
  return Object.fromEntries(entries) as T;
}
