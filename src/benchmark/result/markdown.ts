/** Results as Markdown, to be pasted into an issue or a pull request. */
import { describeVerdict } from '../limit.ts';
import type { BenchmarkResult, SideName, Verification, WorkloadResult } from './schema.ts';
import {
  bottleneckSentences,
  gpuOverCpu,
  intervalSentence,
  scaleSentence,
  sideTitle,
} from './sentences.ts';
import {
  classNames,
  describeData,
  describeGpu,
  describeMark,
  formatCount,
  formatEstimate,
  formatInterval,
  formatRate,
  formatRatio,
  formatUncertainty,
  plainText,
  sideNames,
} from './words.ts';

/** The whole result, but for curves and single repeats, in GitHub's Markdown, ending in a line break. */
export function resultMarkdown(result: BenchmarkResult): string {
  return [
    '## nudge benchmark',
    '',
    ...scoreLines(result),
    '',
    ...speedLines(result),
    ...detailLines(result),
    ...accuracyLines(result),
    ...markLines(result),
    '',
    ...environmentLines(result),
    '',
  ].join('\n');
}

function scoreLines(result: BenchmarkResult): string[] {
  const { scores } = result;
  const intervals = result.workloads.length > 0 ? [markdownText(intervalSentence(result))] : [];
  if (scores.length === 0) return ['**No score**; the marks below say why.', '', ...intervals];
  const rows = scores.map(({ side, workloads, isComplete, class: kind, ...estimate }) => [
    sideNames[side],
    `**${formatCount(estimate.middle)}**`,
    formatInterval(estimate, formatCount),
    classNames[kind],
    `${workloads.map((name) => markdownText(name)).join(', ')}${isComplete ? '' : ' (not all that a full run has)'}`,
  ]);
  return [
    ...markdownTable(['', 'score', 'interval', 'class', 'over'], 'lrrll', rows),
    '',
    markdownText(scaleSentence()),
    '',
    ...intervals,
  ];
}

function speedLines({ workloads, settings }: BenchmarkResult): string[] {
  const sides = settings.sides.filter((side) => workloads.some((one) => findSide(one, side)));
  const rows = workloads.map((workload) => [
    markdownText(workload.name),
    `${workload.layers.join('-')}, batch ${workload.batchSize}`,
    ...sides.map((side) => {
      const series = findSide(workload, side);
      return series
        ? `${formatRate(series.estimate.middle)} ${formatUncertainty(series.estimate)}`
        : '';
    }),
    speedUp(workload),
  ]);
  const all = workloads.flatMap(({ series }) => series);
  const titles = sides.map((side) => sideTitle(side, all));
  const head = ['samples/s', 'network', ...titles, 'GPU over CPU'];
  return markdownTable(head, `ll${'r'.repeat(sides.length + 1)}`, rows);
}

/** Over the faster of the CPU's sides. */
function speedUp(workload: WorkloadResult): string {
  const ratio = gpuOverCpu(workload);
  return ratio ? formatEstimate(ratio, formatRatio) : '';
}

/** What limits the GPU, and whether it was right. */
function detailLines(result: BenchmarkResult): string[] {
  const { workloads } = result;
  const rows = workloads.flatMap((workload) => {
    const series = findSide(workload, 'webgpu');
    if (!series) return [];
    const { limit, compileSeconds, uploadSeconds } = series;
    return [
      [
        markdownText(workload.name),
        limit ? describeVerdict(limit) : 'not measured',
        `${formatRate(1000 * compileSeconds)} ms`,
        `${formatRate(1000 * uploadSeconds)} ms`,
        describeVerification(workload.verification),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const head = ['GPU', 'of its own limit', 'compile', 'upload', 'against the reference'];
  return [
    '',
    ...bottleneckSentences(result).map((sentence) => `- ${markdownText(sentence)}`),
    '',
    ...markdownTable(head, 'llrrl', rows),
  ];
}

function describeVerification(verification: Verification | undefined): string {
  if (!verification) return 'not verified';
  const { isVerified, worst, tensors, costDrift, mostDrift } = verification;
  const tensor = tensors.find((one) => one.worst === worst);
  const where = tensor ? ` (${markdownText(tensor.name)})` : '';
  const percent = (value: number) =>
    value < 1e-4 ? 'less than 0.01 %' : `${Number((100 * value).toPrecision(2))} %`;
  return (
    `${isVerified ? 'verified' : '**NOT VERIFIED**'}, worst ${worst.toPrecision(2)} of the bound${where}, ` +
    `cost drift ${percent(costDrift)} of at most ${percent(mostDrift)}`
  );
}

function accuracyLines({ timesToAccuracy }: BenchmarkResult): string[] {
  if (timesToAccuracy.length === 0) return [];
  const rows = timesToAccuracy.map(({ workload, side, target, seconds, steps, accuracy }) => [
    markdownText(workload),
    sideNames[side],
    `${formatRate(100 * target)} %`,
    seconds === undefined
      ? `not reached: ${(100 * accuracy).toFixed(2)} % at best`
      : `${formatRate(seconds)} s, ${formatCount(steps)} steps`,
  ]);
  return ['', ...markdownTable(['workload', 'side', 'test accuracy', 'after'], 'llrl', rows)];
}

function markLines({ marks }: BenchmarkResult): string[] {
  if (marks.length === 0) return [];
  return ['', 'Marks:', '', ...marks.map((mark) => `- ${markdownText(describeMark(mark))}`)];
}

function environmentLines(result: BenchmarkResult): string[] {
  const { environment, nudge, settings, startedAt, seconds } = result;
  const commit = nudge.commit === undefined ? '' : `, commit ${nudge.commit}`;
  return [
    `GPU: ${describeGpu(environment)}`,
    `Runtime: ${environment.name} on ${environment.system}, ${environment.threads} threads, ${environment.isIsolated ? '' : 'not '}isolated`,
    `Data: ${describeData(result)}`,
    `Run: ${startedAt}, ${formatCount(seconds)} s, ${settings.repeats} repeats of ${formatRate(settings.repeatSeconds)} s in ${settings.blocks} blocks, seed ${settings.seed}; nudge ${nudge.version}${commit}`,
  ].map((line) => `- ${markdownText(line)}`);
}

function findSide({ series }: WorkloadResult, side: SideName) {
  return series.find((one) => one.side === side);
}

/**
 * Cells, which are Markdown already, as a table.
 * @param align 'l' or 'r' for each column
 */
export function markdownTable(
  head: readonly string[],
  align: string,
  rows: readonly (readonly string[])[],
): string[] {
  const rule = Array.from(align, (side) => (side === 'r' ? '---:' : '---'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** Text of a stranger's as Markdown that shows it and does nothing else: no table, HTML, picture, link or mention. */
export function markdownText(text: string): string {
  return (
    plainText(text)
      .replace(/[\\`*_{}[\]|~#!]/g, '\\$&')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // GitHub notifies the user named after '@', however the sign is escaped. A word joiner in between stops that.
      .replaceAll('@', '@\u2060')
  );
}
