/** A benchmark's result as lines for people: a table, what is to be thought of it, and where it was made. */
import { describeFraction } from '../../benchmark/limit.ts';
import type {
  BenchmarkResult,
  BackendName,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import {
  bottleneckSentences,
  describeThreads,
  gpuOverCpu,
  intervalSentence,
  scaleSentence,
  backendTitle,
} from '../../benchmark/result/sentences.ts';
import { isOwn } from '../../benchmark/result/backends.ts';
import {
  classNames,
  describeData,
  describeGpu,
  describeFlag,
  formatCount,
  formatEstimate,
  formatRate,
  formatRatio,
  formatUncertainty,
  backendNames,
} from '../../benchmark/result/words.ts';
import { formatCost, formatSeconds, formatShare, formatTable, plural } from '../table.ts';
import { problemsOf } from './problems.ts';

export function describeBenchmark(result: BenchmarkResult): string[] {
  const { environment, flags } = result;
  return [
    ...speedTable(result),
    '',
    ...scoreLines(result),
    ...(result.workloads.length > 0 ? [intervalSentence(result)] : []),
    ...crossoverLines(result),
    ...bottleneckSentences(result),
    ...accuracyLines(result),
    ...verificationLines(result),
    ...finalCostLines(result),
    ...flags.map(describeFlag),
    ...problemsOf(result),
    '',
    `Data: ${describeData(result)}.`,
    `GPU: ${describeGpu(environment).replace(/\.?$/, '.')}`,
    `Ran in ${environment.name} on ${environment.system}, ${plural(environment.threads, 'thread')}, in ${formatSeconds(result.seconds)}.`,
  ];
}

/** One workload on one line, for a terminal that is watched. */
export function describeWorkload({ name, series, ...rest }: WorkloadResult): string {
  const rates = series.map(
    ({ backend, estimate }) => `${backendNames[backend]} ${formatRate(estimate.middle)}`,
  );
  const ratio = speedUp({ name, series, ...rest });
  return `${name}: ${rates.join('; ')} samples/s${ratio === '' ? '' : `; GPU over CPU ${ratio}`}`;
}

function speedTable({ settings, workloads }: BenchmarkResult): string[] {
  if (workloads.length === 0) return ['Nothing was finished.'];
  const backends = settings.backends.filter((backend) =>
    workloads.some((one) => seriesOf(one, backend)),
  );
  const titles = backends.map((backend) =>
    backendTitle(
      backend,
      workloads.flatMap(({ series }) => series),
    ),
  );
  const rows = workloads.map((workload) => {
    const limit = seriesOf(workload, 'webgpu')?.limit;
    return [
      workload.name,
      workload.layers.join('-'),
      ...backends.map((backend, s) => {
        const series = seriesOf(workload, backend);
        if (!series) return '';
        const { estimate, threads = [] } = series;
        const figure = `${formatRate(estimate.middle)} ${formatUncertainty(estimate)}`;
        // The head says how many threads there were, unless workloads differ in it.
        const own = backendTitle(backend, [series]);
        return own === titles[s] ? figure : `${figure} (${describeThreads(threads)})`;
      }),
      speedUp(workload),
      limit ? describeFraction(limit.fraction) : '',
    ];
  });
  const head = ['samples/s', 'network', ...titles, 'GPU over CPU', 'of its limit'];
  // Columns that no row fills say nothing.
  const isFilled = head.map((_, c) => rows.some((row) => row[c] !== ''));
  const align = Array.from(`ll${'r'.repeat(backends.length + 1)}l`).filter((_, c) => isFilled[c]);
  const filled = [head, ...rows].map((row) => row.filter((_, c) => isFilled[c]));
  return formatTable(filled, align.join(''));
}

function seriesOf({ series }: WorkloadResult, backend: BackendName) {
  return series.find((one) => one.backend === backend);
}

/** Over the faster of the CPU's backends. */
function speedUp(workload: WorkloadResult): string {
  const ratio = gpuOverCpu(workload);
  return ratio ? formatEstimate(ratio, formatRatio) : '';
}

function scoreLines(result: BenchmarkResult): string[] {
  const { scores } = result;
  if (scores.length === 0) return ['No score.'];
  const lines = scores.map(({ backend, class: kind, ...estimate }) => {
    const className = kind === 'cpu' ? '' : ` (${classNames[kind]})`;
    return `Score of ${backendNames[backend]}${className}: ${formatEstimate(estimate, formatCount)}.`;
  });
  const partial = scores.find(({ isComplete }) => !isComplete);
  if (partial) {
    lines.push(
      `Over ${partial.workloads.join(' and ')} alone: not to be held against scores of full runs.`,
    );
  }
  return [...lines, scaleSentence()];
}

function crossoverLines({ crossover }: BenchmarkResult): string[] {
  switch (crossover?.kind) {
    case undefined:
      return [];
    case 'never':
      return ['The CPU is faster than the GPU in the largest of these networks, too.'];
    case 'always':
      return ['The GPU is faster than the CPU in all of these networks.'];
    case 'between':
      return [
        `The GPU is faster than the CPU from some ${formatCount(Number(crossover.parameters?.toPrecision(2)))} parameters on.`,
      ];
  }
}

function accuracyLines({ timesToAccuracy }: BenchmarkResult): string[] {
  return timesToAccuracy.map(({ workload, backend, target, seconds, steps, accuracy }) => {
    const what = `${workload} to ${Number((100 * target).toPrecision(3))} % of the test set on ${backendNames[backend]}`;
    return seconds === undefined
      ? `${what}: not reached, ${formatShare(accuracy)} at best.`
      : `${what}: ${formatSeconds(seconds)}, ${plural(steps, 'step')}.`;
  });
}

/** How right the GPU was; that it was wrong is a flag, which names the tensor. */
function verificationLines({ workloads }: BenchmarkResult): string[] {
  const found = workloads.flatMap(({ name, verification }) =>
    verification ? [{ name, ...verification }] : [],
  );
  if (found.length === 0) return [];
  const right = found.filter(({ isVerified }) => isVerified);
  const worst = found.reduce((a, b) => (b.worst > a.worst ? b : a));
  const drift = found.reduce((a, b) => (b.costDrift > a.costDrift ? b : a));
  const tensor = worst.tensors.find((one) => one.worst === worst.worst);
  const where = tensor ? `${tensor.name} of ${worst.name}` : worst.name;
  const facts =
    `worst ${worst.worst.toPrecision(2)} of the bound (${where}), ` +
    `costs at most ${percent(drift.costDrift)} from the CPU's (${percent(drift.maxDrift)} is the most)`;
  return right.length === found.length
    ? [`Verified, ${plural(found.length, 'workload')}: ${facts}.`]
    : [
        `NOT VERIFIED, ${found.length - right.length} of ${plural(found.length, 'workload')}: ${facts}. Run 'nudge check' to see where the GPU's numbers go wrong.`,
      ];
}

/** Where other libraries ran: what everybody came to. They take the samples in the order of the file, nudge shuffles. */
function finalCostLines({ workloads }: BenchmarkResult): string[] {
  return workloads.flatMap(({ name, series }) => {
    if (series.every(({ backend }) => isOwn(backend))) return [];
    const costs = series.map(
      ({ backend, finalCost }) => `${backendNames[backend]} ${formatCost(finalCost)}`,
    );
    return [`Cost of ${name} in the end, after as many steps as each made: ${costs.join('; ')}.`];
  });
}

/** Two significant digits: drifts are mostly far below a hundredth. */
function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
