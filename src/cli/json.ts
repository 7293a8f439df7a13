/**
 * JSON for people to read too: indented, with each list of numbers on one line. Line breaks stand between
 * values only, never inside strings, so looking for them finds no string.
 */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /\[\n\s+(-?\d[-+.\de]*(?:,\n\s+-?\d[-+.\de]*)*)\n\s+\]/gi,
    (_, numbers: string) => `[${numbers.replace(/,\s+/g, ', ')}]`,
  );
}
