/** Results as Markdown. Pure functions. */
import { adapterName } from '../../src/gpu/adapter.ts';
import { formatCount } from '../../src/cli/table.ts';
import type { ContenderResult, Results } from './results.ts';
import { median } from '../../src/benchmark/statistics.ts';
import { spread } from './statistics.ts';
import { unitOf, workloads } from './workloads.ts';

/** Rows of cells as a Markdown table; all columns but the first to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const align = head.map((_, c) => (c === 0 ? '---' : '---:'));
  return [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** '12,345' from 100 on, three digits below: '5.82'. */
export function formatRate(rate: number): string {
  return rate >= 100 ? formatCount(rate) : String(Number(rate.toPrecision(3)));
}

/** '±3 %': half of the way from the smallest to the largest, as a share of the median. */
export function formatSpread(values: readonly number[]): string {
  return `±${Math.round(50 * spread(values))} %`;
}

/** '3.4×' */
export function formatRatio(ratio: number): string {
  return `${Number(ratio.toPrecision(2))}×`;
}

/** The median of a line on a workload, by its fastest contender that was right; undefined where none was. */
export function bestOf(
  results: readonly ContenderResult[],
  line: string,
  workload: string,
): ContenderResult | undefined {
  return results
    .filter((result) => result.line === line && result.workload === workload)
    .filter(({ verdict, samples }) => verdict.kind === 'right' && samples.length > 0)
    .sort((a, b) => rateOf(b) - rateOf(a))[0];
}

/** The median rate of a result's repeats. */
export function rateOf({ samples }: ContenderResult): number {
  return median(samples.map(({ rate }) => rate));
}

/** A cell of the table of speeds: the figure, or why there is none. */
export function speedCell(
  results: readonly ContenderResult[],
  line: string,
  workload: string,
): string {
  const best = bestOf(results, line, workload);
  if (best)
    return `${formatRate(rateOf(best))} ${formatSpread(best.samples.map(({ rate }) => rate))}`;
  const tried = results.find((result) => result.line === line && result.workload === workload);
  return tried?.verdict.kind ?? '';
}

/**
 * How many times as fast one line is as others, by workload.
 * @returns a row for each of `others`, with an empty cell where either has no right result
 */
export function ratioRows(
  results: readonly ContenderResult[],
  line: string,
  others: readonly string[],
  workloadNames: readonly string[],
): string[][] {
  return others.map((other) => [
    other,
    ...workloadNames.map((workload) => {
      const [own, its] = [bestOf(results, line, workload), bestOf(results, other, workload)];
      return own && its ? formatRatio(rateOf(own) / rateOf(its)) : '';
    }),
  ]);
}

/** The whole report. */
export function markdownReport(results: Results): string {
  const { machine, browser, adapter, python, changes } = results;
  const all = [...results.results, ...python.results];
  const dirty = changes === undefined ? '' : `, with changes (SHA-256 ${changes.slice(0, 12)}…)`;
  return [
    `# ${browser.name} ${browser.version}, ${adapter ? adapterName(adapter) : 'no adapter'}`,
    ...(results.isComplete
      ? []
      : [
          '',
          '**Unfinished**: measurements are missing. The same command with `--resume` makes them.',
        ]),
    ...[...python.warnings, ...results.warnings].flatMap((line) => ['', `**Warning**: ${line}`]),
    '',
    `\`${results.command}\``,
    '',
    `Made on ${results.date} at commit ${results.commit}${dirty}; ` +
      `${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}.`,
    ...speedSection(all),
    ...commandSection(results),
    ...firstStepSection(results),
    ...accuracySection(results),
    ...formSection(results),
    ...noteSection(results, all),
    '',
  ].join('\n');
}

function speedSection(all: readonly ContenderResult[]): string[] {
  if (all.length === 0) return [];
  const names = workloads
    .map(({ name }) => name)
    .filter((name) => all.some(({ workload }) => workload === name));
  const lines = linesOf(all);
  const speeds = lines.map((line) => [line, ...names.map((name) => speedCell(all, line, name))]);
  const heads = names.map((name) => `${name}, ${unitOf(workloads.find((w) => w.name === name)!)}`);
  const own = lines.filter((line) => line.startsWith('nudge'));
  const others = lines.filter((line) => !own.includes(line));
  return [
    '',
    'Median of the repeats, and half of the way from the slowest to the fastest. ' +
      'A line with several forms, threads or none, shows the faster.',
    '',
    ...markdownTable(['', ...heads], speeds),
    ...own.flatMap((line) => [
      '',
      `How many times as fast ${line} is:`,
      '',
      ...markdownTable(['', ...names], ratioRows(all, line, others, names)),
    ]),
  ];
}

function linesOf(results: readonly ContenderResult[]): string[] {
  return [...new Set(results.map(({ line }) => line))];
}

function commandSection({ results }: Results): string[] {
  const counted = results.filter(({ commands }) => (commands?.dispatches ?? 0) > 0);
  if (counted.length === 0) return [];
  const rows = counted.map(({ title, workload, commands }) => [
    `${title}, ${workload}`,
    commands!.dispatches.toFixed(1),
    commands!.submits.toFixed(1),
  ]);
  return ['', 'A training step:', '', ...markdownTable(['', 'dispatches', 'submits'], rows)];
}

function firstStepSection({ firstSteps }: Results): string[] {
  if (firstSteps.length === 0) return [];
  const rows = firstSteps.map(({ contender, milliseconds, failure }) => [
    contender,
    milliseconds.length > 0
      ? `${formatCount(median(milliseconds))} ${formatSpread(milliseconds)}`
      : `failed: ${failure ?? ''}`,
  ]);
  return [
    '',
    'First step of `tiny` after the page load, its cost read:',
    '',
    ...markdownTable(['', 'ms'], rows),
  ];
}

function accuracySection({ timesToAccuracy }: Results): string[] {
  if (timesToAccuracy.length === 0) return [];
  const rows = timesToAccuracy.map(({ line, workload, accuracy, result, failure }) => {
    const last = result?.evaluations.at(-1);
    const outcome =
      last === undefined
        ? `failed: ${failure ?? ''}`
        : `${result?.isReached === true ? '' : 'not within '}${last.seconds.toFixed(1)} s`;
    const steps = last ? formatCount(last.steps) : '';
    return [`${line}, ${workload} to ${Number((100 * accuracy).toFixed(2))} %`, outcome, steps];
  });
  return [
    '',
    'Training until the test set is read that well, evaluations not counted:',
    '',
    ...markdownTable(['', 'time', 'steps'], rows),
  ];
}

/** In which form each contender ran, as far as there are several. */
function formSection({ results, python }: Results): string[] {
  const ran = results.flatMap(({ title, form }) =>
    form === undefined ? [] : [`${title}: ${form}.`],
  );
  const libraries = python.libraries.map(({ library, version, blas, file, threads, gigaflops }) => {
    const parts = [
      `${blas ?? 'a BLAS of unknown name'}${file === null ? '' : ` (${file})`}`,
      ...(threads === null ? [] : [`${threads} thread${threads === 1 ? '' : 's'}`]),
      `${formatRate(gigaflops)} GFLOP/s in a product of 512 × 512`,
    ];
    return `${library} ${version}: ${parts.join(', ')}.`;
  });
  const lines = [...new Set([...ran, ...libraries])];
  return lines.length === 0 ? [] : ['', 'Forms:', '', ...lines.map((line) => `- ${line}`)];
}

function noteSection({ python: { notes } }: Results, all: readonly ContenderResult[]): string[] {
  const verdicts = all.flatMap(({ title, workload, verdict }) =>
    verdict.kind === 'right' ? [] : [`${title}, ${workload}: ${verdict.kind}, ${verdict.reason}.`],
  );
  const lines = [...verdicts, ...notes];
  return lines.length === 0 ? [] : ['', ...lines.map((line) => `- ${line}`)];
}
