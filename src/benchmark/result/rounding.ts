/**
 * How exactly a result says things. Rounded once, when it is made, and not on the way into a link alone: what is rounded
 * twice, for the link and then for the eye, comes out different from what the page had shown.
 */

/** A clock that ticks every 5 µs is right to five digits of 0.3 s. */
const digits = 5;

/** Rounds all numbers of plain data to `count` significant digits; whole ones, counts for the most part, stay as they are. */
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
