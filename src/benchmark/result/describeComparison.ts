/** Comparisons as text, for terminals and for Markdown. */
import type { Comparison, SpeedRatio } from './compare.ts';
import { markdownTable, markdownText } from './markdown.ts';
import { formatRate, formatRatio, plainText, backendNames } from './words.ts';

export const comparisonHead = [
  'workload',
  'backend',
  'before',
  'after',
  'ratio',
  '95 % interval',
  'verdict',
] as const;
/** Left or right, by column. */
export const comparisonAlign = 'llrrrrl';

/** Plain text: one row for each pair, for the mean of each backend, and for the overall mean. */
export function comparisonRows({ pairs, backends, overall }: Comparison): string[][] {
  return [
    ...pairs.map((pair) => [
      plainText(pair.workload),
      backendNames[pair.backend],
      formatRate(pair.before),
      formatRate(pair.after),
      ...ratioCells(pair),
    ]),
    ...backends.map(({ backend, ...ratio }) => [
      'mean',
      backendNames[backend],
      '',
      '',
      ...ratioCells(ratio),
    ]),
    ...(overall ? [['mean', 'nudge, all', '', '', ...ratioCells(overall)]] : []),
  ];
}

function ratioCells({ middle, low, high, verdict }: SpeedRatio): string[] {
  return [
    formatRatio(middle),
    `${formatRatio(low)} to ${formatRatio(high)}`,
    // An interval that contains 1 does not prove that there is no difference.
    verdict === 'no difference' ? 'no difference shown' : (verdict ?? 'none'),
  ];
}

/** The verdict in a sentence. */
export function comparisonSentence({ overall, isComparable }: Comparison): string {
  if (!overall || !isComparable) {
    return 'The two are not comparable, so there is no verdict.';
  }
  const { middle, low, high, verdict } = overall;
  const figures = `${formatRatio(middle)} as fast as the first, 95 % interval ${formatRatio(low)} to ${formatRatio(high)}`;
  return verdict === 'no difference'
    ? `No difference is shown: the second is ${figures}.`
    : `The second is ${verdict!}: ${figures}.`;
}

/** Warns that several verdicts at once include some wrong ones. */
export function chanceSentence({ pairs, isComparable }: Comparison): string | undefined {
  if (!isComparable || pairs.length < 2) return undefined;
  return `One in twenty 95 % intervals misses the true value by chance, so about ${formatRate(pairs.length / 20)} of these ${pairs.length}. Judge by the mean.`;
}

/** The whole comparison in GitHub Markdown, ending with a line break. */
export function describeComparison(comparison: Comparison): string {
  const chance = chanceSentence(comparison);
  const { warnings } = comparison;
  return [
    '## nudge benchmark, compared',
    '',
    `**${markdownText(comparisonSentence(comparison))}**`,
    '',
    ...markdownTable(
      comparisonHead,
      comparisonAlign,
      comparisonRows(comparison).map((row) => row.map(markdownText)),
    ),
    ...(chance === undefined ? [] : ['', markdownText(chance)]),
    ...(warnings.length === 0
      ? []
      : ['', ...warnings.map((warning) => `- ${markdownText(warning)}`)]),
    '',
  ].join('\n');
}
