/**
 * Writes the JSON Schema of benchmark results, `docs/benchmark-result.schema.json`, from the schema that nudge itself
 * checks results with: `npm run schema`.
 *
 * The result is committed, so that others can point to it; a test makes it again and compares.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { toJsonSchema } from '@valibot/to-json-schema';
import { format, resolveConfig } from 'prettier';

import { resultSchema } from '../src/benchmark/result/schema.ts';

export const schemaPath = join(import.meta.dirname, '../docs/benchmark-result.schema.json');

/** The text of the file, from the schema as it is. */
export async function resultJsonSchema(): Promise<string> {
  const { $schema, ...schema } = toJsonSchema(resultSchema, {
    target: 'draft-2020-12',
    // Every number of JSON is finite, and JSON has no read-only fields.
    ignoreActions: ['finite', 'readonly'],
  });
  const text = JSON.stringify({
    $schema,
    title: 'nudge benchmark result',
    description:
      'What nudge bench --json and the benchmark page write. Rates are in samples a second, times in seconds, memory in bytes.',
    ...schema,
  });
  return format(text, { ...(await resolveConfig(schemaPath)), filepath: schemaPath });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(schemaPath, await resultJsonSchema());
}
