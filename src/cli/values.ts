/** Parses the values of options. A value must be a number as a whole: '1e' and '10x' are refused. */
import { UsageError } from './errors.ts';

/**
 * Parses an integer in plain digits.
 * @param name of the option, for the message: '--epochs'
 * @throws {UsageError} for other text, and for a number outside the range
 */
export function parseWhole(
  name: string,
  text: string,
  min = 1,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  const least = min === 1 ? 'a positive integer' : `an integer of at least ${min}`;
  const wanted = max < Number.MAX_SAFE_INTEGER ? `an integer from ${min} to ${max}` : least;
  throw new UsageError(`${name} must be ${wanted}; got '${text}'.`);
}

/**
 * Parses a decimal number.
 * @param name of the option, for the message: '--learning-rate'
 * @param range of valid numbers in words, for the message
 * @throws {UsageError} for other text, and for a number outside the range
 */
export function parseNumber(
  name: string,
  text: string,
  range = 'such as 0.1',
  isInRange: (value: number) => boolean = Number.isFinite,
): number {
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  const value = isNumber ? Number(text) : NaN;
  if (Number.isFinite(value) && isInRange(value)) return value;
  throw new UsageError(`${name} must be a number ${range}; got '${text}'.`);
}

/** Splits at commas and spaces: 'tiny, mid' is ['tiny', 'mid']. A comma at the end joins the next argument. */
export function parseList(text: string): string[] {
  return text
    .trim()
    .replace(/\s*,$/, '')
    .split(/\s*,\s*|\s+/);
}

/** @throws {UsageError} unless `text` is 'on' or 'off' */
export function parseSwitch(name: string, text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new UsageError(`${name} must be on or off; got '${text}'.`);
}
