/** The files that `nudge bench` writes its result to, checked before the run and written after it. */
import { extname } from 'node:path';

import { resultCard } from '../../benchmark/result/card.ts';
import { resultCsv } from '../../benchmark/result/csv.ts';
import { resultMarkdown } from '../../benchmark/result/markdown.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { writeResult } from '../../benchmark/result/write.ts';
import type { JsonReport } from '../context.ts';
import { UsageError } from '../errors.ts';
import { prepareOutput, requireDistinct } from '../files.ts';
import { nudgeHomepage } from '../versions.ts';

/** Paths of the outputs that were asked for. */
export interface OutputArguments {
  readonly json?: string | undefined;
  readonly csv?: string | undefined;
  readonly markdown?: string | undefined;
  readonly card?: string | undefined;
}

export interface BenchOutputs {
  /** @throws {FileError} when one cannot be written after all */
  write(result: BenchmarkResult): Promise<void>;
}

const formats = {
  csv: resultCsv,
  markdown: resultMarkdown,
  card: (result: BenchmarkResult) => resultCard(result, nudgeHomepage()),
} as const;

/**
 * @throws {UsageError} when one of the files cannot be written, or two are the same, or the card is to be no SVG
 */
export async function prepareOutputs(
  paths: OutputArguments,
  json: JsonReport,
): Promise<BenchOutputs> {
  const { json: report, csv, markdown, card } = paths;
  requireDistinct({ json: report, csv, markdown, card });
  if (card !== undefined && extname(card).toLowerCase() !== '.svg') {
    throw new UsageError(
      `--card writes a picture in SVG, and '${card}' is another kind of file. Name one that ends in .svg.`,
    );
  }
  const writers = [(result: BenchmarkResult) => json.writeText(writeResult(result))];
  for (const name of ['csv', 'markdown', 'card'] as const) {
    const path = paths[name];
    if (path === undefined) continue;
    const file = await prepareOutput(path, `--${name}`);
    writers.push((result) => file.write(formats[name](result)));
  }
  return {
    async write(result) {
      for (const write of writers) await write(result);
    },
  };
}
