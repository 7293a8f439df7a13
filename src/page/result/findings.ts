/** Sentences about a result. Pure functions. */
import { boundNames, describeFraction } from '../../benchmark/limit.ts';
import type {
  BenchmarkResult,
  Score,
  Series,
  Verification,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { gpuOverCpu } from '../../benchmark/result/sentences.ts';
import { formatInterval, scoreTitle } from '../../benchmark/result/words.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { formatCount, formatRatio, formatSmall, formatThree } from '../format.ts';
import { listOf } from '../sentences.ts';
import { isSoftware, ladderOf } from './lookUp.ts';

/** The part of a score that short links carry too. */
export type PlainScore = Pick<
  Score,
  'backend' | 'class' | 'isComplete' | 'middle' | 'low' | 'high'
>;

/** The GPU's score comes first: people come for it. */
export function inOrder<S extends PlainScore>(scores: readonly S[]): readonly S[] {
  return scoreOrder.flatMap((backend) => scores.filter((score) => score.backend === backend));
}

export const scoreOrder: readonly Score['backend'][] = ['webgpu', 'cpu', 'cpu-1'];

/** Limits to comparing these scores, a sentence each. @param workloads of a score that is not complete */
export function scoreNotes(scores: readonly PlainScore[], workloads: readonly string[]): string[] {
  const notes: string[] = [];
  if (scores.some(({ isComplete }) => !isComplete)) {
    notes.push(`From ${listOf(workloads)} only: do not compare it with the score of a full run.`);
  }
  if (scores.some(({ class: kind }) => kind === 'software')) {
    notes.push(
      'A software adapter computes on the CPU: compare its score only with those of other software adapters.',
    );
  }
  return notes;
}

/** The scores for screen readers. */
export function scoreSentence(result: BenchmarkResult): string {
  const { scores } = result;
  if (scores.length === 0) return `No score. ${voidReason(result)}`;
  const sentences = inOrder(scores).map((score) => {
    const interval = formatInterval(score, formatCount);
    return `${scoreTitle(score)}: ${formatCount(score.middle)}, interval ${interval}.`;
  });
  return sentences.join(' ');
}

/** The scores for a list: 'GPU 3,013 · CPU 1,283 · 1 thread 781'. */
export function scoresLine({ scores }: BenchmarkResult): string {
  if (scores.length === 0) return 'no score';
  const names = { webgpu: 'GPU', cpu: 'CPU', 'cpu-1': '1\u00a0thread' } as const;
  return inOrder(scores)
    .map(({ backend, class: kind, middle }) => {
      const name = kind === 'software' ? 'GPU in software' : names[backend];
      return `${name}\u00a0${formatCount(middle)}`;
    })
    .join(' · ');
}

/** The first reason why there is no score. The notes list the other reasons. */
export function voidReason({ flags, workloads }: BenchmarkResult): string {
  const first = flags.find(({ isVoid }) => isVoid);
  if (first) return first.message;
  return workloads.length === 0
    ? 'No workload was finished.'
    : 'No backend ran a workload that counts for the score.';
}

/** When a run began, in local time: '26 Nov 2026, 09:30'. */
export function describeMoment(startedAt: string): string {
  const moment = new Date(startedAt);
  // The schema accepts 31 February.
  if (Number.isNaN(moment.getTime())) return startedAt;
  return moment.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

/** The size from which the GPU wins. */
export function crossoverSentence(result: BenchmarkResult): string {
  const { crossover } = result;
  const ladder = ladderOf(result);
  const gpu = isSoftware(result) ? 'WebGPU in software' : 'The GPU';
  if (!crossover) {
    if (result.environment.noAdapter !== undefined) return 'No GPU took part.';
    return ladder.some((workload) => gpuOverCpu(workload))
      ? 'One network does not show from which size the GPU wins.'
      : 'No network was trained on both the GPU and the CPU.';
  }
  const sizeOf = (workload: WorkloadResult | undefined) => roundSize(workload?.parameterCount ?? 0);
  switch (crossover.kind) {
    case 'never':
      return `The CPU wins at every size, up to ${sizeOf(ladder.at(-1))} parameters.`;
    case 'always':
      return `${gpu} wins at every size, from ${sizeOf(ladder[0])} parameters.`;
    case 'between':
      return `${gpu} wins from about ${roundSize(crossover.parameters ?? 0)} parameters.`;
  }
}

/** Two digits: 101_770 → '100,000', 1_863_690 → '1.9 million'. */
function roundSize(parameters: number): string {
  if (parameters >= 1e6) return `${formatRatio(parameters / 1e6)} million`;
  return formatCount(Number(parameters.toPrecision(2)));
}

/** The GPU's best speed-up over the CPU; '' if nothing ran on both. */
export function speedUpSentence(result: BenchmarkResult): string {
  const gpu = isSoftware(result) ? 'WebGPU in software' : 'the GPU';
  const [best] = ladderOf(result)
    .flatMap((workload) => {
      const ratio = gpuOverCpu(workload)?.middle;
      return ratio === undefined ? [] : [{ name: workload.name, ratio }];
    })
    .sort((a, b) => b.ratio - a.ratio);
  if (!best) return '';
  const how =
    best.ratio < 1
      ? `reached ${formatThree(100 * best.ratio)}\u00a0% of the CPU’s speed`
      : `trained ${formatRatio(best.ratio)} times as fast as the CPU`;
  return `At best, on “${best.name}”, ${gpu} ${how}.`;
}

/** Whether the GPU's values are right, with the worst error or the failures; null if no GPU ran. */
export function verificationSentence({ workloads }: BenchmarkResult): {
  readonly isVerified: boolean;
  readonly text: string;
} | null {
  const checked = workloads.flatMap(({ name, verification }) =>
    verification ? [{ name, verification }] : [],
  );
  if (checked.length === 0) return null;
  const failed = checked.filter(({ verification }) => !verification.isVerified);
  if (failed.length > 0) {
    const which = failed.map(({ name, verification }) => `${name}: ${failure(verification)}`);
    return { isVerified: false, text: `Not verified. ${which.join('; ')}.` };
  }
  const worst = Math.max(...checked.map(({ verification }) => verification.worst));
  return { isVerified: true, text: verifiedSentence(worst) };
}

/** @param worst error, relative to its tolerance */
export function verifiedSentence(worst: number): string {
  return `Verified. Worst error: ${formatSmall(worst)} of the tolerance.`;
}

/** The tensors that are wrong, and the drift of the cost. */
function failure({ tensors, costDrift, maxDrift }: Verification): string {
  // NaN fails too.
  const wrong = tensors.filter(({ worst }) => !(worst <= 1));
  const parts = wrong.map(
    ({ name, worst }) => `the error of ${name} is ${formatThree(worst)} times the tolerance`,
  );
  if (!(costDrift <= maxDrift)) {
    parts.push(
      `the cost drifted by ${formatThree(100 * costDrift)}\u00a0%, and ${formatThree(100 * maxDrift)}\u00a0% is allowed`,
    );
  }
  return parts.join(', ');
}

/** The share of the adapter's limit that was reached, and the limit: '92 %' and 'the cost of dispatches'. */
export function limitParts({ limit }: Series): readonly [share: string, bound: string] | undefined {
  if (!limit) return undefined;
  const { bound, fraction } = limit;
  const share = describeFraction(fraction).replace(' ', '\u00a0');
  return [share, bound === 'none' ? 'no single limit' : boundNames[bound]];
}

/** '92 %, the cost of dispatches', or '–'. */
export function limitWords(series: Series): string {
  return limitParts(series)?.join(', ') ?? '–';
}

export function threadsWords(threads: number): string {
  return `${threads} CPU ${threads === 1 ? 'thread' : 'threads'}`;
}

/** 'AMD …; 8 CPU threads; Chromium 156, Linux x86_64'. */
export function machineSentence({ environment }: BenchmarkResult): string {
  const { adapter, name, system, threads } = environment;
  const gpu = adapter ? adapterName(adapter) : 'no GPU';
  return `${gpu}; ${threadsWords(threads)}; ${name}, ${system}`;
}

/** Data, time and version of a run. */
export function originSentence({ data, startedAt, nudge, settings }: BenchmarkResult): string {
  const commit = nudge.commit === undefined ? '' : ` (${nudge.commit.slice(0, 7)})`;
  return (
    `On ${data.name}, ${startedAt.slice(0, 16).replace('T', ' ')} UTC, nudge ${nudge.version}${commit}, ` +
    `${settings.repeats} repeats, seed ${settings.seed}.`
  );
}
