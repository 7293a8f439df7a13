/** A benchmark result as text: a table, the scores, the conclusions and the machine. */
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

/** One workload on one line. */
export function describeWorkload(workload: WorkloadResult): string {
  const rates = workload.series.map(
    ({ backend, estimate }) => `${backendNames[backend]} ${formatRate(estimate.middle)}`,
  );
  const ratio = speedUp(workload);
  return `${workload.name}: ${rates.join('; ')} samples/s${ratio === '' ? '' : `; GPU over CPU ${ratio}`}`;
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
        // The column title has the number of threads, unless workloads differ.
        const own = backendTitle(backend, [series]);
        return own === titles[s] ? figure : `${figure} (${describeThreads(threads)})`;
      }),
      speedUp(workload),
      limit ? describeFraction(limit.fraction) : '',
    ];
  });
  const head = ['samples/s', 'network', ...titles, 'GPU over CPU', 'of its limit'];
  // Columns without values are left out.
  const isFilled = head.map((_, c) => rows.some((row) => row[c] !== ''));
  const align = Array.from(`ll${'r'.repeat(backends.length + 1)}l`).filter((_, c) => isFilled[c]);
  const filled = [head, ...rows].map((row) => row.filter((_, c) => isFilled[c]));
  return formatTable(filled, align.join(''));
}

function seriesOf({ series }: WorkloadResult, backend: BackendName) {
  return series.find((one) => one.backend === backend);
}

/** The GPU's speed relative to the faster CPU backend. */
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
      `These scores cover ${partial.workloads.join(' and ')} only. They are not comparable with scores of full runs.`,
    );
  }
  return [...lines, scaleSentence()];
}

function crossoverLines({ crossover }: BenchmarkResult): string[] {
  switch (crossover?.kind) {
    case undefined:
      return [];
    case 'never':
      return ['The CPU is faster than the GPU for all of these networks, even the largest.'];
    case 'always':
      return ['The GPU is faster than the CPU for all of these networks.'];
    case 'between': {
      const parameters = formatCount(Number(crossover.parameters?.toPrecision(2)));
      return [`The GPU is faster than the CPU from about ${parameters} parameters on.`];
    }
  }
}

function accuracyLines({ timesToAccuracy }: BenchmarkResult): string[] {
  return timesToAccuracy.map(({ workload, backend, target, seconds, steps, accuracy }) => {
    const what = `${workload} to ${Number((100 * target).toPrecision(3))} % test accuracy on ${backendNames[backend]}`;
    return seconds === undefined
      ? `${what}: not reached; the best was ${formatShare(accuracy)}.`
      : `${what}: ${formatSeconds(seconds)}, ${plural(steps, 'step')}.`;
  });
}

/** The errors of the GPU. A flag names the wrong tensor, if there is one. */
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
    `worst error ${worst.worst.toPrecision(2)} of the tolerance (${where}), ` +
    `costs within ${percent(drift.costDrift)} of the CPU's (tolerance ${percent(drift.maxDrift)})`;
  return right.length === found.length
    ? [`Verified, ${plural(found.length, 'workload')}: ${facts}.`]
    : [
        `NOT VERIFIED, ${found.length - right.length} of ${plural(found.length, 'workload')}: ${facts}. Run 'nudge check' to find the wrong kernel.`,
      ];
}

/** The final costs, if other libraries ran. They take the samples in file order; nudge shuffles. */
function finalCostLines({ workloads }: BenchmarkResult): string[] {
  return workloads.flatMap(({ name, series }) => {
    if (series.every(({ backend }) => isOwn(backend))) return [];
    const costs = series.map(
      ({ backend, finalCost }) => `${backendNames[backend]} ${formatCost(finalCost)}`,
    );
    return [
      `Final cost of ${name}, after each library's own number of steps: ${costs.join('; ')}.`,
    ];
  });
}

/** Two significant digits, since most drifts are far below 1 %. */
function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
