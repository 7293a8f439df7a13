/** `nudge compare`: two results of the benchmark. */
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
import { formatRatio } from '../../benchmark/result/words.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { readInput, textOf } from '../files.ts';
import * as option from '../options.ts';
import { formatTable } from '../table.ts';

interface CompareOptions {
  readonly failBelow?: number;
  readonly markdown?: boolean;
}

export const compare: CommandDefinition<CompareOptions> = {
  name: 'compare',
  summary: 'compare two benchmark results',
  description:
    'Shows the speed of the second result relative to the first, for each workload and backend that both have and overall, ' +
    'with 95 % intervals. With --fail-below the exit code is 1 if the whole interval of the mean is below the ratio, ' +
    'or if the results are not comparable.',
  operands: {
    '<before>': 'a result that nudge bench --json wrote or the page saved',
    '<after>': 'the result to compare with it',
  },
  simple: [
    option.number(
      '--fail-below <ratio>',
      'lowest acceptable relative speed: 0.9 accepts 90 %',
      'above 0 and at most 1',
      (ratio) => ratio > 0 && ratio <= 1,
    ),
    option.json(),
    option.text('--markdown', 'write Markdown, for an issue or a pull request'),
  ],
  examples: [
    'nudge compare old.json new.json',
    'nudge compare old.json new.json --fail-below 0.9',
    'nudge compare old.json new.json --markdown >> "$GITHUB_STEP_SUMMARY"',
  ],
  work: runCompare,
};

async function runCompare(
  { terminal, report, exit }: Run,
  { failBelow, markdown = false }: CompareOptions,
  before: string,
  after: string,
): Promise<void> {
  const read = (path: string) =>
    readInput(path, 'nudge compare', (bytes) => readResult(textOf(bytes)));
  const comparison = compareResults(await read(before), await read(after));
  if (markdown) terminal.result(describeComparison(comparison).trimEnd());
  else terminal.result(...comparisonLines(comparison));
  const failure = failBelow === undefined ? undefined : findFailure(comparison, failBelow);
  if (failure !== undefined) {
    terminal.error(failure);
    exit(exitCodes.failure);
  }
  await report({ configuration: { before, after, failBelow: failBelow ?? null }, ...comparison });
}

function comparisonLines(comparison: Comparison): string[] {
  const chance = chanceSentence(comparison);
  return [
    ...formatTable([comparisonHead, ...comparisonRows(comparison)], comparisonAlign),
    '',
    comparisonSentence(comparison),
    ...(chance === undefined ? [] : [chance]),
    ...comparison.warnings.map((warning) => `- ${warning}`),
  ];
}

/** Why `--fail-below` fails. The whole interval must be below the ratio, since the mean alone may be noise. */
function findFailure(
  { isComparable, overall, warnings }: Comparison,
  failBelow: number,
): string | undefined {
  if (!isComparable || !overall) {
    return `--fail-below ${failBelow} cannot be decided: the results are not comparable. ${warnings[0] ?? ''} Measure both the same way.`;
  }
  return overall.high < failBelow
    ? `The second is ${formatRatio(overall.middle)} as fast as the first. Its whole interval, up to ${formatRatio(overall.high)}, is below --fail-below ${failBelow}.`
    : undefined;
}
