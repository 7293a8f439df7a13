/** Results as Markdown for issues and pull requests. */
import { describeVerdict } from '../limit.ts';
import type {
  BenchmarkResult,
  BackendName,
  Estimate,
  Verification,
  WorkloadResult,
} from './schema.ts';
import {
  bottleneckSentences,
  gpuOverCpu,
  intervalSentence,
  scaleSentence,
  backendTitle,
} from './sentences.ts';
import {
  classNames,
  describeData,
  describeGpu,
  describeFlag,
  formatCount,
  formatEstimate,
  formatInterval,
  formatRate,
  formatRatio,
  formatUncertainty,
  plainText,
  backendNames,
} from './words.ts';

/** The result without curves and single repeats, in GitHub Markdown, ending with a line break. */
export function resultMarkdown(result: BenchmarkResult): string {
  return [
    '## nudge benchmark',
    '',
    ...scoreLines(result),
    '',
    ...speedLines(result),
    ...detailLines(result),
    ...accuracyLines(result),
    ...flagLines(result),
    '',
    ...environmentLines(result),
    '',
  ].join('\n');
}

function scoreLines(result: BenchmarkResult): string[] {
  const { scores } = result;
  const intervals = result.workloads.length > 0 ? [markdownText(intervalSentence(result))] : [];
  if (scores.length === 0) return ['**No score**; see the flags below.', '', ...intervals];
  const rows = scores.map(({ backend, workloads, isComplete, class: kind, ...estimate }) => [
    backendNames[backend],
    `**${formatCount(estimate.middle)}**`,
    formatInterval(estimate, formatCount),
    classNames[kind],
    `${workloads.map((name) => markdownText(name)).join(', ')}${isComplete ? '' : ' (a full run has more)'}`,
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
  const backends = settings.backends.filter((backend) =>
    workloads.some((one) => findBackend(one, backend)),
  );
  const rows = workloads.map((workload) => [
    markdownText(workload.name),
    `${workload.layers.join('-')}, batch ${workload.batchSize}`,
    ...backends.map((backend) => {
      const series = findBackend(workload, backend);
      return series
        ? `${formatRate(series.estimate.middle)} ${formatUncertainty(series.estimate)}`
        : '';
    }),
    speedUp(gpuOverCpu(workload)),
  ]);
  const all = workloads.flatMap(({ series }) => series);
  const titles = backends.map((backend) => backendTitle(backend, all));
  const head = ['samples/s', 'network', ...titles, 'GPU over CPU'];
  return markdownTable(head, `ll${'r'.repeat(backends.length + 1)}`, rows);
}

function speedUp(ratio: Estimate | undefined): string {
  return ratio ? formatEstimate(ratio, formatRatio) : '';
}

function detailLines(result: BenchmarkResult): string[] {
  const { workloads } = result;
  const rows = workloads.flatMap((workload) => {
    const series = findBackend(workload, 'webgpu');
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
  const { isVerified, worst, tensors, costDrift, maxDrift } = verification;
  const tensor = tensors.find((one) => one.worst === worst);
  const where = tensor ? ` (${markdownText(tensor.name)})` : '';
  const percent = (value: number) =>
    value < 1e-4 ? 'less than 0.01 %' : `${Number((100 * value).toPrecision(2))} %`;
  return (
    `${isVerified ? 'verified' : '**NOT VERIFIED**'}, worst ${worst.toPrecision(2)} of the tolerance${where}, ` +
    `cost drift ${percent(costDrift)} of at most ${percent(maxDrift)}`
  );
}

function accuracyLines({ timesToAccuracy }: BenchmarkResult): string[] {
  if (timesToAccuracy.length === 0) return [];
  const rows = timesToAccuracy.map(({ workload, backend, target, seconds, steps, accuracy }) => [
    markdownText(workload),
    backendNames[backend],
    `${formatRate(100 * target)} %`,
    seconds === undefined
      ? `not reached: ${(100 * accuracy).toFixed(2)} % at best`
      : `${formatRate(seconds)} s, ${formatCount(steps)} steps`,
  ]);
  return ['', ...markdownTable(['workload', 'backend', 'test accuracy', 'after'], 'llrl', rows)];
}

function flagLines({ flags }: BenchmarkResult): string[] {
  if (flags.length === 0) return [];
  return ['', 'Flags:', '', ...flags.map((flag) => `- ${markdownText(describeFlag(flag))}`)];
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

function findBackend({ series }: WorkloadResult, backend: BackendName) {
  return series.find((one) => one.backend === backend);
}

/**
 * A table of cells that are already Markdown.
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

/** Escapes untrusted text, so that Markdown shows it literally: no table, HTML, picture, link or mention. */
export function markdownText(text: string): string {
  return (
    plainText(text)
      .replace(/[\\`*_{}[\]|~#!]/g, '\\$&')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // GitHub notifies the user after '@' even if the sign is escaped; a word joiner prevents it.
      .replaceAll('@', '@\u2060')
  );
}
