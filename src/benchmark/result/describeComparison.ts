/** Comparisons in words, for terminals and for Markdown. */
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
/** Of the columns: to the left or to the right. */
export const comparisonAlign = 'llrrrrl';

/** A row a pair, one for the mean of each backend, and one for that of all; plain text. */
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

function ratioCells(ratio: SpeedRatio): string[] {
  const { middle, low, high } = ratio;
  return [
    formatRatio(middle),
    `${formatRatio(low)} to ${formatRatio(high)}`,
    describeVerdict(ratio),
  ];
}

/** A difference that an interval does not show may be there all the same. */
function describeVerdict({ verdict }: SpeedRatio): string {
  if (verdict === undefined) return 'none';
  return verdict === 'no difference' ? 'no difference shown' : verdict;
}

/** The outcome in a sentence. */
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

/** What many verdicts at a time are worth. */
export function chanceSentence({ pairs, isComparable }: Comparison): string | undefined {
  if (!isComparable || pairs.length < 2) return undefined;
  return `Of intervals of 95 %, one in twenty misses the truth by chance: of these ${pairs.length}, about ${formatRate(pairs.length / 20)}. The mean is what to go by.`;
}

/** The whole comparison in GitHub's Markdown, ending in a line break. */
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
