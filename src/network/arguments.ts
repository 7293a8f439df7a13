/** Checks of arguments for callers in plain JavaScript. TypeScript makes most of them at compile time. */
import { ConfigurationError } from '../errors.ts';

/**
 * Characters that move a terminal's cursor, hide text or change its direction: controls, format characters, lone
 * surrogates, line and paragraph separators.
 */
export const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** Untrusted text for a message, with {@link invisible} characters as JSON escapes them: `\u202e`. */
export function escapeInvisible(text: string): string {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(invisible, (found) => found.split('').map(escape).join(''));
}

/** A short description of any value for error messages. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return `'${escapeInvisible(value.length > 40 ? `${value.slice(0, 40)}…` : value)}'`;
  }
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}

/** A value as JSON with at most `max` characters, for error messages; not escaped. */
export function showJson(value: unknown, max = 40): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // The value is nested too deep, or is not from a file.
  }
  text ??= show(value);
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** The names of all options. The type makes a missing name a compile error. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Checks that `options` is an object without unknown options. Otherwise a misspelt option would be ignored silently.
 * @param what the function that takes the options, such as 'Trainer.create'
 * @throws {ConfigurationError}
 */
export function requireOptions<Options>(
  what: string,
  options: Options,
  names: OptionNames<Options>,
): void {
  requireObject(`The options of ${what}`, options);
  const unknown = Object.keys(options as object).find((name) => !Object.hasOwn(names, name));
  if (unknown === undefined) return;
  throw new ConfigurationError(
    `${what} has no option ${show(unknown)}. Its options are ${Object.keys(names).join(', ')}.`,
  );
}

/** @throws {ConfigurationError} unless `value` is an object, not an array */
export function requireObject(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw wrong(name, 'an object', value);
}

/** @throws {ConfigurationError} unless `value` is an instance of `type` */
export function requireInstance<T>(
  name: string,
  value: T,
  type: abstract new (...parameters: never[]) => T,
): void {
  if (!(value instanceof type)) throw wrong(name, `a ${type.name}`, value);
}

/** @throws {ConfigurationError} unless `value` is true, false or undefined */
export function requireSwitch(name: string, value: boolean | undefined): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw wrong(name, 'true or false', value);
}

/** @throws {ConfigurationError} unless `value` is any number, even NaN, or undefined */
export function requireNumber(name: string, value: number | undefined): void {
  if (value === undefined || typeof value === 'number') return;
  throw wrong(name, 'a number', value);
}

/** @throws {ConfigurationError} unless `value` is a function or undefined */
export function requireFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw wrong(name, 'a function', value);
}

/** @throws {ConfigurationError} unless `value` is a string */
export function requireText(name: string, value: string): void {
  if (typeof value !== 'string') throw wrong(name, 'a string', value);
}

/** @throws {ConfigurationError} unless `value` is an array */
export function requireArray(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw wrong(name, 'an array', value);
}

/** Whether `value` is an array or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** @throws {ConfigurationError} unless `value` is an array of strings */
export function requireTexts(name: string, value: readonly string[]): void {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return;
  throw wrong(name, 'an array of strings', value);
}

/** @throws {ConfigurationError} unless `value` is an AbortSignal, has its methods, or is undefined */
export function requireSignal(value: AbortSignal | undefined): void {
  if (value === undefined) return;
  requireMethods('signal', 'an AbortSignal', value, ['throwIfAborted', 'addEventListener']);
}

/** @throws {ConfigurationError} unless `value` is an object with these methods */
export function requireMethods(
  name: string,
  what: string,
  value: unknown,
  methods: readonly string[],
): void {
  const has = (method: string) =>
    typeof (value as Readonly<Record<string, unknown>>)[method] === 'function';
  if (typeof value !== 'object' || value === null || !methods.every(has)) {
    throw wrong(name, what, value);
  }
}

/** @throws {ConfigurationError} unless `value` is a Uint8Array. It may come from another window. */
export function requireBytes(name: string, value: Uint8Array): void {
  if (!isBytes(value)) throw wrong(name, 'a Uint8Array', value);
}

export function isBytes(value: unknown): value is Uint8Array {
  return (
    ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
  );
}

function wrong(name: string, what: string, value: unknown): ConfigurationError {
  return new ConfigurationError(`${name} must be ${what}; got ${show(value)}.`);
}
