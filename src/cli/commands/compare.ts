/** `nudge compare`: two results of the benchmark. */
import { Option, type Command } from 'commander';

import { compareResults, type Comparison } from '../../benchmark/result/compare.ts';
import {
  chanceSentence,
  comparisonAlign,
  comparisonHead,
  comparisonRows,
  comparisonSentence,
  describeComparison,
} from '../../benchmark/result/describeComparison.ts';
import { readResult } from '../../benchmark/result/read.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { formatRatio } from '../../benchmark/result/words.ts';
import { FormatError } from '../../errors.ts';
import { inRun, type Context } from '../context.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { readInput } from '../files.ts';
import * as option from '../options.ts';
import { formatTable } from '../table.ts';
import { nudgeVersion } from '../versions.ts';

interface CompareOptions extends option.JsonArguments {
  readonly failBelow?: number;
  readonly markdown?: boolean;
}

export function addCompare(program: Command, context: Context): void {
  const compare = program
    .command('compare')
    .summary('two results of the benchmark')
    .description(
      'Says how many times as fast the second result is as the first, for each workload and backend that both have and on ' +
        'the whole, with 95 % intervals. With --fail-below the exit code is 1 when the whole interval of the mean lies ' +
        'below the ratio, or when the two are not comparable.',
    )
    .argument('<before>', 'a file that nudge bench --json wrote, or the page saved')
    .argument('<after>', 'another one');
  option.add(
    compare,
    'simple',
    option.number('--fail-below <ratio>', 'the least speed that is good enough, 0.9 for 90 %'),
  );
  option.addJson(compare);
  option.add(
    compare,
    'simple',
    new Option('--markdown', 'write Markdown, for an issue or a pull request'),
  );
  option.addHelp(
    compare,
    'nudge compare old.json new.json',
    'nudge compare old.json new.json --fail-below 0.9',
    'nudge compare old.json new.json --markdown >> "$GITHUB_STEP_SUMMARY"',
  );
  compare.action((before: string, after: string, options: CompareOptions) =>
    runCompare(before, after, options, context),
  );
}

async function runCompare(
  before: string,
  after: string,
  options: CompareOptions,
  context: Context,
): Promise<void> {
  const { failBelow, markdown = false } = options;
  if (failBelow !== undefined && !(failBelow > 0 && failBelow <= 1)) {
    throw new UsageError(
      `--fail-below takes a ratio above 0 and at most 1, and ${failBelow} was given. ` +
        'Write 0.9 to fail below 90 % of the speed before.',
    );
  }
  await inRun(context, { json: options.json, onInterrupt: 'Stopping.' }, async (run) => {
    const { terminal, json } = run;
    const comparison = compareResults(await readFile(before), await readFile(after));
    await json.write({
      nudge: nudgeVersion(),
      command: 'compare',
      configuration: { before, after, failBelow: failBelow ?? null },
      ...comparison,
    });
    if (markdown) terminal.result(describeComparison(comparison).trimEnd());
    else for (const line of comparisonLines(comparison)) terminal.result(line);
    const failure = failBelow === undefined ? undefined : findFailure(comparison, failBelow);
    if (failure === undefined) return;
    terminal.error(failure);
    context.exit(exitCodes.failure);
  });
}

/** @throws {FileError | FormatError} that names the file */
async function readFile(path: string): Promise<BenchmarkResult> {
  const bytes = await readInput(path, 'nudge compare');
  try {
    return readResult(new TextDecoder().decode(bytes));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { message, offset } = error;
    throw new FormatError(`The file '${path}' cannot be compared. ${message}`, offset, {
      cause: error,
    });
  }
}

export function comparisonLines(comparison: Comparison): string[] {
  const chance = chanceSentence(comparison);
  return [
    ...formatTable([comparisonHead, ...comparisonRows(comparison)], comparisonAlign),
    '',
    comparisonSentence(comparison),
    ...(chance === undefined ? [] : [chance]),
    ...comparison.warnings.map((warning) => `- ${warning}`),
  ];
}

/** Why `--fail-below` fails; undefined where it does not. A mean below it may be noise while its interval is not. */
function findFailure(
  { isComparable, overall, warnings }: Comparison,
  failBelow: number,
): string | undefined {
  if (!isComparable || !overall) {
    return `--fail-below ${failBelow} cannot be decided: the two are not comparable. ${warnings[0] ?? ''} Measure both alike.`;
  }
  return overall.high < failBelow
    ? `The second is ${formatRatio(overall.middle)} as fast as the first, and all of its interval, up to ${formatRatio(overall.high)}, is below --fail-below ${failBelow}.`
    : undefined;
}
