/**
 * Reads results that come from anywhere: a file, a link, a stranger. What does not have the shape of a result, or
 * contradicts itself, is refused in a sentence that says where.
 */
import * as v from 'valibot';

import { FormatError } from '../../errors.ts';
import { findContradiction } from './consistency.ts';
import { formatVersion, resultSchema, type BenchmarkResult } from './schema.ts';
import { plainText } from './words.ts';

/** Twice what the longest run has that can be made, with curves of 400 points for all backends of all workloads. */
export const maxCharacters = 4_000_000;

/**
 * Reads a result from its JSON.
 * @throws {FormatError} for text that is no JSON or too long, another format or version, another shape, and for
 * figures that contradict each other, as after an edit by hand
 */
export function readResult(text: string): BenchmarkResult {
  if (text.length > maxCharacters) {
    refuse(`it has ${text.length} characters, and a result has at most ${maxCharacters}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    refuse(`it is no JSON (${plainText((cause as Error).message, 200)})`, { cause });
  }
  return checkResult(value);
}

/**
 * {@link readResult} for what is parsed already.
 * @returns a new object, its properties in the order of the schema
 * @throws {FormatError}
 */
export function checkResult(value: unknown): BenchmarkResult {
  const current = upgraded(value);
  const { success, output, issues } = v.safeParse(resultSchema, current, { abortEarly: true });
  if (!success) refuse(describeIssue(issues[0]));
  checkLimits((current as BenchmarkResult).environment.limits, output.environment.limits);
  const contradiction = findContradiction(output);
  if (contradiction !== undefined) refuse(contradiction);
  return output;
}

/**
 * Turns a result of an older version into the current one. Version 1 measured everything in one worker; its rounds are taken
 * for blocks, which leaves its medians as they are, and its list of blocks is empty. Versions 1 and 2 had other names for
 * four fields.
 */
function upgraded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  checkFormat(value);
  const { version } = value as { readonly version: number };
  if (version === formatVersion) return value;
  const current = { ...(renamed(value) as Partial<BenchmarkResult>), version: formatVersion };
  const { settings } = current;
  if (version !== 1 || typeof settings !== 'object') return current;
  return { ...current, settings: { ...settings, blocks: settings.repeats }, blocks: [] };
}

const newNames: ReadonlyMap<string, string> = new Map([
  ['side', 'backend'],
  ['sides', 'backends'],
  ['marks', 'flags'],
  ['mostDrift', 'maxDrift'],
]);

/** @param levels how deep fields were renamed: `workloads[].series[].side` is the deepest */
function renamed(value: unknown, levels = 5): unknown {
  if (typeof value !== 'object' || value === null || levels === 0) return value;
  if (Array.isArray(value)) return value.map((item) => renamed(item, levels - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      newNames.get(name) ?? name,
      renamed(item, levels - 1),
    ]),
  );
}

/** Comes first: the name of a missing field does not help a user who opened the wrong file. */
function checkFormat(value: object): void {
  const { format, version } = value as Readonly<Record<string, unknown>>;
  const expected = resultSchema.pipe[0].entries.format.literal;
  if (format !== expected) refuse(`its format is ${show(format)}, not "${expected}"`);
  if (![1, 2, formatVersion].includes(version as number)) {
    refuse(`its version is ${show(version)}, and this nudge reads versions 1 to ${formatVersion}`);
  }
}

/** Valibot takes lists for records, and passes over names that objects have from birth. */
function checkLimits(given: object, read: object): void {
  const where = 'limits of environment';
  if (Array.isArray(given)) refuse(`${where} is ${show(given)}, and an object belongs there`);
  const lost = Object.keys(given).find((name) => !Object.hasOwn(read, name));
  if (lost !== undefined) refuse(`${where} has ${show(lost)}, which no result has`);
}

function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `This is not a benchmark result that can be read: ${fact}. ` +
      'Get it again from where it was made, or run the benchmark again.',
    0,
    options,
  );
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const keys = issue.path?.map(({ key }) => key) ?? [];
  const isKey = issue.kind === 'schema' && issue.path?.at(-1)?.origin === 'key';
  if (isKey && issue.type === 'strict_object') {
    const [key, container] = [show(keys.at(-1)), describePath(keys.slice(0, -1))];
    return issue.expected === 'never'
      ? `${container} has ${key}, which no result has`
      : `${container} has no ${key}`;
  }
  return `${describePath(keys)} is ${show(issue.input)}, and ${describeExpectation(issue)} belongs there`;
}

/** ['workloads', 2, 'series', 0, 'estimate', 'low']: 'low of estimate of item 1 of series of item 3 of workloads'. */
function describePath(keys: readonly unknown[]): string {
  if (keys.length === 0) return 'the whole';
  return keys
    .map((key) => (typeof key === 'number' ? `item ${key + 1}` : plainText(String(key), 40)))
    .reverse()
    .join(' of ');
}

const expectations: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  strict_object: 'an object',
  record: 'an object',
  finite: 'a finite number',
  safe_integer: 'a whole number',
  regex: 'a hash of 64 hexadecimal digits',
  iso_timestamp: 'a time such as 2026-11-26T09:30:00.000Z',
};

function describeExpectation(issue: v.BaseIssue<unknown>): string {
  const { type, expected, input } = issue;
  const requirement = String(issue.requirement);
  switch (type) {
    case 'gt_value':
      return `a number above ${requirement}`;
    case 'min_value':
      return `a number of at least ${requirement}`;
    case 'max_value':
      return `a number of at most ${requirement}`;
    case 'max_length':
      return Array.isArray(input)
        ? `a list of at most ${requirement} items`
        : `a text of at most ${requirement} characters`;
    case 'picklist':
      return `one of ${(expected ?? '').replace(/[()]/g, '').replaceAll(' | ', ', ')}`;
    default:
      return expectations[type] ?? expected ?? 'something else';
  }
}

/** A value as the text has it, in few characters. Of lists and objects, which may be any depth, only the kind. */
function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? `"${plainText(value, 40)}"` : `${value as number | boolean}`;
}
