/** What a result says, in English: pure functions. */
import type {
  BenchmarkResult,
  Score,
  Series,
  Verification,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { boundNames, describeFraction } from '../../benchmark/limit.ts';
import { gpuOverCpu } from '../../benchmark/result/sentences.ts';
import { formatInterval, scoreTitle } from '../../benchmark/result/words.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { formatCount, formatRatio, formatSmall, formatThree } from '../format.ts';
import { listOf } from '../sentences.ts';
import { isSoftware, ladderOf } from './lookUp.ts';

/** The part of a score that a summary has as well. */
export type PlainScore = Pick<
  Score,
  'backend' | 'class' | 'isComplete' | 'middle' | 'low' | 'high'
>;

/** The GPU first: it is what people come for. */
export const scoreOrder: readonly Score['backend'][] = ['webgpu', 'cpu', 'cpu-1'];

/** What scores may be compared with, a sentence each. @param workloads that a partial score is over */
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

/** The scores as one who does not see them hears them. */
export function scoreSentence(result: BenchmarkResult): string {
  const { scores } = result;
  if (scores.length === 0) return `No score. ${voidReason(result)}`;
  return scoreOrder
    .flatMap((backend) => scores.filter((score) => score.backend === backend))
    .map(
      (score) =>
        `${scoreTitle(score)}: ${formatCount(score.middle)}, interval ${formatInterval(score, formatCount)}.`,
    )
    .join(' ');
}

/** The scores in few words, for a list: 'GPU 3,013 · CPU 1,283 · 1 thread 781'. */
export function scoresLine({ scores }: BenchmarkResult): string {
  if (scores.length === 0) return 'no score';
  const names = { webgpu: 'GPU', cpu: 'CPU', 'cpu-1': '1\u00a0thread' } as const;
  return scoreOrder
    .flatMap((backend) => scores.filter((score) => score.backend === backend))
    .map(({ backend, class: kind, middle }) => {
      const name = kind === 'software' ? 'GPU in software' : names[backend];
      return `${name}\u00a0${formatCount(middle)}`;
    })
    .join(' · ');
}

/** Why no backend has a score. The first reason says enough at a glance; the others are among the notes. */
export function voidReason({ flags, workloads }: BenchmarkResult): string {
  const first = flags.find(({ isVoid }) => isVoid);
  if (first) return first.message;
  return workloads.length === 0
    ? 'No workload was finished.'
    : 'No backend ran a workload that counts for the score.';
}

/** When a run began, where the reader is: '26 Nov 2026, 09:30'. */
export function describeMoment(startedAt: string): string {
  const moment = new Date(startedAt);
  // The schema lets 31 February through.
  if (Number.isNaN(moment.getTime())) return startedAt;
  return moment.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

/** The size from which the GPU wins. */
export function crossoverSentence(result: BenchmarkResult): string {
  const { crossover } = result;
  const gpu = isSoftware(result) ? 'WebGPU in software' : 'The GPU';
  if (!crossover) {
    if (result.environment.noAdapter !== undefined) return 'No GPU took part.';
    return ladderOf(result).some((workload) => gpuOverCpu(workload))
      ? 'One network does not show from which size the GPU wins.'
      : 'No network was trained on both the GPU and the CPU.';
  }
  switch (crossover.kind) {
    case 'never':
      return `The CPU wins at every size, up to ${sizeOf(ladderOf(result).at(-1))}.`;
    case 'always':
      return `${gpu} wins at every size, from ${sizeOf(ladderOf(result)[0])}.`;
    case 'between':
      return `${gpu} wins from about ${roundSize(crossover.parameters ?? 0)} parameters.`;
  }
}

function sizeOf(workload: WorkloadResult | undefined): string {
  return `${roundSize(workload?.parameterCount ?? 0)} parameters`;
}

/** To two digits, and millions as such: 101_770 → '100,000', 1_863_690 → '1.9 million'. */
function roundSize(parameters: number): string {
  if (parameters >= 1e6) return `${formatRatio(parameters / 1e6)} million`;
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 2 }).format(parameters);
}

/** How fast the GPU was against the CPU where it did best. */
export function speedUpSentence(result: BenchmarkResult): string {
  const gpu = isSoftware(result) ? 'WebGPU in software' : 'the GPU';
  const ratios = ladderOf(result).flatMap((workload) => {
    const ratio = gpuOverCpu(workload);
    return ratio ? [{ name: workload.name, ratio: ratio.middle }] : [];
  });
  if (ratios.length === 0) return '';
  const best = ratios.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  const how =
    best.ratio < 1
      ? `reached ${formatThree(100 * best.ratio)}\u00a0% of the CPU’s speed`
      : `trained ${formatRatio(best.ratio)} times as fast as the CPU`;
  return `At best, on “${best.name}”, ${gpu} ${how}.`;
}

/** Whether all that the GPU computed is right, and how near the tolerance it came. */
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

/** Which tensor, or that it was the cost. */
function failure({ tensors, costDrift, maxDrift }: Verification): string {
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

/** How near a backend came to the adapter's limit, and what holds it up: '92 %' and 'the cost of dispatches'. */
export function limitParts({ limit }: Series): readonly [share: string, bound: string] | undefined {
  if (!limit) return undefined;
  const { bound, fraction } = limit;
  const share = describeFraction(fraction).replace(' ', '\u00a0');
  return [share, bound === 'none' ? 'no single limit' : boundNames[bound]];
}

/** The same in a line: '92 %, dispatches'. */
export function limitWords(series: Series): string {
  return limitParts(series)?.join(', ') ?? '–';
}

/** Where it ran: 'AMD …; 8 CPU threads; Chromium 156, Linux x86_64'. */
export function machineSentence({ environment }: BenchmarkResult): string {
  const { adapter, name, system, threads } = environment;
  const gpu = adapter ? `${adapterName(adapter)}; ` : 'no GPU; ';
  return `${gpu}${threads} ${threads === 1 ? 'CPU thread' : 'CPU threads'}; ${name}, ${system}`;
}

/** On what data, when, by which version. */
export function originSentence({ data, startedAt, nudge, settings }: BenchmarkResult): string {
  const commit = nudge.commit === undefined ? '' : ` (${nudge.commit.slice(0, 7)})`;
  return (
    `On ${data.name}, ${startedAt.slice(0, 16).replace('T', ' ')} UTC, nudge ${nudge.version}${commit}, ` +
    `${settings.repeats} repeats, seed ${settings.seed}.`
  );
}
