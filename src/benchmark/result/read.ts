/** Reads results from files and links. Input with another shape, or with contradictory figures, is refused. */
import * as v from 'valibot';

import { FormatError } from '../../errors.ts';
import { findContradiction } from './consistency.ts';
import { formatVersion, resultSchema, type BenchmarkResult } from './schema.ts';
import { plainText } from './words.ts';

/** Twice the length of the longest possible run: all workloads and backends with curves of 400 points. */
export const maxCharacters = 4_000_000;

/**
 * Parses a result from JSON.
 * @throws {FormatError} if the text is too long, not JSON, of another format, version or shape, or if its figures
 *   contradict each other, as after an edit by hand
 */
export function readResult(text: string): BenchmarkResult {
  if (text.length > maxCharacters) {
    refuse(`it has ${text.length} characters; the maximum is ${maxCharacters}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    refuse(`it is not JSON (${plainText((cause as Error).message, 200)})`, { cause });
  }
  return checkResult(value);
}

/**
 * {@link readResult} for a parsed value.
 * @returns a new object with its properties in the order of the schema
 * @throws {FormatError}
 */
export function checkResult(value: unknown): BenchmarkResult {
  const current = upgraded(value);
  const { success, output, issues } = v.safeParse(resultSchema, current, { abortEarly: true });
  if (!success) {
    const [issue] = issues;
    const path = plainText(v.getDotPath(issue) ?? '', 100);
    refuse(`${path === '' ? '' : `${path}: `}${plainText(issue.message, 200)}`);
  }
  // Valibot accepts a list as a record, and drops keys such as __proto__.
  const given = (current as BenchmarkResult).environment.limits;
  if (Array.isArray(given)) refuse('environment.limits: Expected an object but received a list');
  const lost = Object.keys(given).find((name) => !Object.hasOwn(output.environment.limits, name));
  if (lost !== undefined) refuse(`environment.limits: Invalid key "${plainText(lost, 40)}"`);
  const contradiction = findContradiction(output);
  if (contradiction !== undefined) refuse(contradiction);
  return output;
}

/**
 * Converts a result of an older version. Version 1 measured everything in one worker: its rounds become blocks, which
 * preserves its medians, and its list of blocks is empty. Versions 1 and 2 had other names for four fields.
 */
function upgraded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // Checked before the shape: a user who opened the wrong file is not helped by the name of a missing field.
  const { format, version } = value as Readonly<Record<string, unknown>>;
  const expected = resultSchema.pipe[0].entries.format.literal;
  if (format !== expected) refuse(`its format is ${show(format)}, not "${expected}"`);
  if (version === formatVersion) return value;
  if (version !== 1 && version !== 2) {
    refuse(`its version is ${show(version)}; this nudge reads versions 1 to ${formatVersion}`);
  }
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

/** @param levels depth of the renaming; `workloads[].series[].side` is the deepest field */
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

function refuse(fact: string, options?: ErrorOptions): never {
  throw new FormatError(
    `Cannot read this benchmark result: ${fact}. Export it again, or run the benchmark again.`,
    0,
    options,
  );
}

/** Lists and objects may have any depth, so they are not shown. */
function show(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'object' ? 'an object' : plainText(JSON.stringify(value), 40);
}
