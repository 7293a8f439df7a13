/** From the text of an argument to its value: strictly, so that '1e' or '10x' is never taken for a number. */
import { UsageError } from './errors.ts';

/**
 * A whole number in plain digits.
 * @param option its name, for the error: '--epochs'
 * @throws {UsageError} for anything else, or a number outside the range
 */
export function parseWhole(option: string, text: string, min = 1, max = 2 ** 53 - 1): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    const range = max === 2 ** 53 - 1 ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new UsageError(
      `${option} takes a whole number ${range}, and '${text}' was given. Write it in plain digits, for example ${option} ${Math.max(min, Math.min(max, 10))}.`,
    );
  }
  return value;
}

/**
 * A decimal number; whether it makes sense where it is used is for that place to say.
 * @throws {UsageError} for anything but a finite number, completely
 */
export function parseNumber(option: string, text: string): number {
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  const value = isNumber ? Number(text) : NaN;
  if (!Number.isFinite(value)) {
    throw new UsageError(
      `${option} takes a number, and '${text}' was given. Write it with a point, for example ${option} 0.1.`,
    );
  }
  return value;
}

/**
 * Layer sizes, separated by commas, spaces or both.
 * @throws {UsageError} when a part is no plain whole number; whether the sizes make a network is for Network to say
 */
export function parseLayers(text: string): number[] {
  const parts = text.trim().split(/\s*,\s*|\s+/);
  const wrong = parts.findIndex((part) => !/^\d+$/.test(part));
  if (wrong >= 0) {
    throw new UsageError(
      `--layers takes layer sizes, and part ${wrong + 1} of '${text}' is '${parts[wrong]!}'. ` +
        'Write whole numbers with commas or spaces between them, input first, for example --layers 784,16,16,10.',
    );
  }
  return parts.map(Number);
}

/** @throws {UsageError} unless it is 'on' or 'off' */
export function parseSwitch(option: string, text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new UsageError(`${option} takes on or off, and '${text}' was given.`);
}
